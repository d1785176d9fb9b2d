/** The question about one Service: which clients come by which way, as the address of the view says it. */
import type { Clients, Family, ListedService, ProbabilityQuestion, ServiceDestination, Via } from '../api/types.js';
import { workloadOf } from './objects.js';
import type { Parameters } from './route.js';

export const WAYS: Readonly<Record<Via, string>> = {
  CLUSTER_IP: 'cluster IP',
  NODE_PORT: 'node port',
  LOAD_BALANCER: 'load balancer',
  EXTERNAL_IP: 'external IP',
  DNS: 'DNS name',
};

/** Clients that a person chooses by one word; others are a workload or a pod by name. */
export const CLIENTS = { pods: 'pods on every node', hosts: 'the hosts of every node', outside: 'outside the cluster' };

/** The ways that a Service has, the most usual first. */
export function waysOf({ type, addresses, outsideAddresses, ports }: ListedService): readonly Via[] {
  if (type === 'ExternalName') return [];
  return [
    ...(addresses[0] === 'None' ? (['DNS'] as const) : (['CLUSTER_IP'] as const)),
    ...(ports.some(({ nodePort }) => nodePort !== undefined) ? (['NODE_PORT'] as const) : []),
    ...(type === 'LoadBalancer' ? (['LOAD_BALANCER'] as const) : []),
    ...(type !== 'LoadBalancer' && outsideAddresses.length > 0 ? (['EXTERNAL_IP'] as const) : []),
  ];
}

export function familiesOf({ addresses }: ListedService): readonly Family[] {
  const six = addresses.some((address) => address.includes(':'));
  const four = addresses.some((address) => address.includes('.'));
  return six && four ? ['IPv4', 'IPv6'] : six ? ['IPv6'] : ['IPv4'];
}

/** What is chosen in the sentence above the picture. */
export interface Chosen {
  readonly service: ListedService;
  readonly port: number;
  readonly via: Via;
  readonly family: Family;
  /** One of {@link CLIENTS}, `pod NAMESPACE/NAME`, or a workload. */
  readonly from: string;
}

const IN_CLUSTER: ReadonlySet<Via> = new Set(['CLUSTER_IP', 'DNS']);

/** What the address chooses of this Service; what it leaves open has its usual value. */
export function chosenOf(service: ListedService, parameters: Parameters): Chosen {
  const ways = waysOf(service);
  const families = familiesOf(service);
  const via = ways.find((one) => one === parameters.via) ?? ways[0] ?? 'CLUSTER_IP';
  const port = service.ports.find((one) => String(one.port) === parameters.port) ?? service.ports[0];
  return {
    service,
    port: port?.port ?? 0,
    via,
    family: families.find((one) => one === parameters.family) ?? families[0] ?? 'IPv4',
    from: parameters.from ?? (IN_CLUSTER.has(via) ? 'pods' : 'outside'),
  };
}

export function destinationOf({ service: { namespace, name }, port, via }: Chosen): ServiceDestination {
  return { namespace, name, port, via };
}

/** The clients, perhaps those of some nodes alone. */
function clientsOf(from: string, names?: readonly string[]): Clients {
  const some = names === undefined ? {} : { names };
  if (from === 'hosts') return { nodes: { ...some, from: 'HOST' } };
  if (from === 'outside') return { external: names === undefined ? {} : { entersAt: names } };
  const workload = workloadOf(from);
  if (workload !== undefined) return { workload };
  const pod = /^pod (\S+\/\S+)$/.exec(from)?.[1];
  return pod === undefined ? { nodes: { ...some, from: 'POD' } } : { pod };
}

/** The whole question; with `names`, of the clients of these nodes alone. */
export function questionOf(chosen: Chosen, names?: readonly string[]): ProbabilityQuestion {
  return {
    services: [destinationOf(chosen)],
    clients: clientsOf(chosen.from, names),
    families: [chosen.family],
  };
}
