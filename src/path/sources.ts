import { addressOf, type IPFamily, networkOf } from '../base/address.js';
import { QuestionError } from '../base/errors.js';
import { type Fraction, fraction, ONE } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { requireNode, requirePod, requireWorkload } from '../cluster/lookup.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import { podsOfWorkload } from '../cluster/workload-pods.js';
import type { Source } from '../contract/requests.js';
import { serviceOfAddress } from '../load-balancers/balancer-addresses.js';
import type { Client, Through } from './client.js';
import type { Entry } from './destinations.js';
import type { Fabric } from './fabric.js';
import { splitName } from './names.js';
import type { AddressBook } from './network.js';
import { serviceHolding } from './service-addresses.js';

export type SourceSpec = Source;

/** The probes of a load balancer. */
export interface HealthCheckSource {
  /** Whose load balancer. Default: the Service of the destination. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port?: number };
  /** Only to the backends on this node. */
  readonly node?: string;
}

/** One of the clients a source stands for, and its share of the new connections. */
export interface WeightedClient {
  readonly client: Client;
  readonly weight: Fraction;
  /** The nodes whose clients it stands for, all alike; absent: it stands for itself. */
  readonly nodes?: readonly string[];
  /**
   * Where the client's packet may come in, each node as likely and all alike; absent: where it comes in when it is
   * walked.
   */
  readonly entries?: readonly string[];
  /**
   * Equal for clients whose packets come in at nodes that nothing tells apart but the endpoints on them; absent for
   * clients that are like no others.
   */
  readonly nodeClass?: string;
}

/** Outside client addresses used when none is given: documentation ranges (RFC 5737, RFC 3849). */
export const DEFAULT_OUTSIDE = { IPv4: '203.0.113.7', IPv6: '2001:db8::7' } as const;

/** Addresses of the same ranges, for snapshots in which somebody has the usual one. */
const OUTSIDE: Readonly<Record<IPFamily, readonly string[]>> = {
  IPv4: ['203.0.113', '198.51.100', '192.0.2'].flatMap((net) =>
    Array.from({ length: 248 }, (_, index) => `${net}.${index + 7}`),
  ),
  IPv6: Array.from({ length: 248 }, (_, index) => `2001:db8::${(index + 7).toString(16)}`),
};

const outside = new WeakMap<Cluster['services'], WeakMap<AddressBook, string>>();

/** Whether no node, pod or Service of the cluster has the address, and no network of pods or route holds it. */
function isNobodys({ cluster, book }: Fabric, address: string): boolean {
  if (serviceHolding(cluster, address) !== undefined || serviceOfAddress(cluster, address) !== undefined) return false;
  if (book.known(address) !== undefined || book.translatedTo(address) !== undefined) return false;
  return book.derive(address).kind === 'OUTSIDE';
}

/** The address of an outside client for which a question gives none: nobody's in the snapshot. */
export function outsideAddress(fabric: Fabric): string {
  const { cluster, book, family } = fabric;
  const known = remember(outside, cluster.services, () => new WeakMap<AddressBook, string>());
  const free = () => OUTSIDE[family].find((address) => isNobodys(fabric, address)) ?? DEFAULT_OUTSIDE[family];
  return remember(known, book, free);
}

function podClient(fabric: Fabric, pod: Pod, pointer: string): Client {
  const name = namespacedName(pod);
  const node = pod.spec?.nodeName;
  const phase = pod.status?.phase;
  const refuse = (why: string) =>
    new QuestionError('NOT_FOUND', `Pod ${name} cannot open a connection: it ${why}.`, [
      { pointer, detail: `Pod ${name} ${why}; name a running pod, or {"podOn": "NODE"} for some pod on a node.` },
    ]);
  if (!node) throw refuse('is not assigned to a node');
  if (!fabric.cluster.nodes.has(node)) throw refuse(`is on node ${node}, which the snapshot does not hold`);
  if (phase === 'Succeeded' || phase === 'Failed') throw refuse(`has ended (phase ${phase})`);
  const namespace = pod.metadata.namespace ?? 'default';
  if (pod.spec?.hostNetwork) return { kind: 'HOST', name: `pod/${name}`, address: undefined, node, namespace };
  const address = podAddresses(pod)
    .map(addressOf)
    .find((candidate) => candidate?.family === fabric.family)?.text;
  if (address === undefined) throw refuse(`has no ${fabric.family} address`);
  return { kind: 'POD', name: `pod/${name}`, address, node, namespace };
}

function isRunning(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return Boolean(pod.spec?.nodeName) && phase !== 'Succeeded' && phase !== 'Failed' && podAddresses(pod).length > 0;
}

/** A free address that stands for some pod on a node, and where it was taken from. */
export function freePodAddress(
  fabric: Fabric,
  node: string,
): { readonly address: string | undefined; readonly from: string } {
  const { book, family, cluster } = fabric;
  const [own] = book.addressesOf(node).podCidrs;
  if (own !== undefined) return { address: book.freeAddressIn(own), from: 'a free address of the node’s pod CIDR' };
  const neighbours = cluster.podsOn(node).filter((pod) => isRunning(pod) && !pod.spec?.hostNetwork);
  const known = neighbours.flatMap(podAddresses).map(addressOf);
  const neighbour = known.find((address) => address?.family === family);
  if (neighbour !== undefined) {
    return { address: book.freeAddressAfter(neighbour), from: 'the next free address after that of a pod on the node' };
  }
  const wide = fabric.settings
    .proxyOf(node)
    .clusterCIDR.map(networkOf)
    .find((cidr) => cidr?.family === family);
  return { address: wide && book.freeAddressIn(wide), from: 'a free address of the cluster CIDR' };
}

/** Some pod on a node, with an address that no listed pod has. Throws NOT_FOUND where no such address is known. */
export function podOnNode(fabric: Fabric, node: string, pointer: string): Client {
  const { address, from } = freePodAddress(fabric, node);
  if (address === undefined) {
    throw new QuestionError('NOT_FOUND', `No pod address of node ${node} is known.`, [
      {
        pointer,
        detail:
          `Node ${node} has no ${fabric.family} pod CIDR and no running pod with an ${fabric.family} address in the ` +
          'snapshot, and no cluster CIDR is known: give settings.kubeProxy.clusterCIDR, or name other clients.',
      },
    ]);
  }
  fabric.places.learn(address, node);
  fabric.assumptions.add(
    'clients',
    from,
    'Some pod on a node: an address that no pod of the snapshot has stands for it.',
  );
  return { kind: 'POD', name: `some pod on ${node}`, address, anyAddress: true, node, namespace: 'default' };
}

/** An outside client whose packets come through a load balancer. Throws as {@link outsideClient}. */
export function balancedClient(
  fabric: Fabric,
  external: { readonly address?: string; readonly zone?: string },
  through: Omit<Through, 'zone'>,
  pointer: string,
): Client {
  const { members } = through.balancer.backends;
  const { nodes } = fabric.cluster;
  const node = members.find((member) => nodes.has(member.node))?.node ?? ([...nodes.keys()][0] as string);
  const client = outsideClient(fabric, external.address, node, pointer);
  return { ...client, through: { ...through, zone: external.zone ?? '' } };
}

/** An outside client whose packets arrive at a node. Throws INVALID_REQUEST for an address of the other family. */
export function outsideClient(fabric: Fabric, address: string | undefined, node: string, pointer: string): Client {
  const parsed = address === undefined ? undefined : addressOf(address);
  if (address !== undefined && (parsed === undefined || parsed.family !== fabric.family)) {
    throw new QuestionError('INVALID_REQUEST', `${address} is not an ${fabric.family} address.`, [
      {
        pointer: `${pointer}/address`,
        detail: `An ${fabric.family} address is needed, such as ${DEFAULT_OUTSIDE[fabric.family]}.`,
      },
    ]);
  }
  const text = parsed?.text ?? outsideAddress(fabric);
  if (address === undefined) {
    fabric.assumptions.add(
      'source.external.address',
      text,
      'No address was given: one of the documentation range stands for the outside client.',
    );
  }
  const known = address === undefined ? { anyAddress: true } : {};
  return { kind: 'OUTSIDE', name: `outside ${text}`, address: text, ...known, node, namespace: 'default' };
}

/**
 * The clients that a source stands for; their weights sum to 1. `entry`: where an outside client's packet comes in when
 * the source itself does not say. Throws QuestionError NOT_FOUND or INVALID_REQUEST.
 */
export function resolveSource(
  fabric: Fabric,
  source: SourceSpec,
  entry: Entry | undefined,
  pointer: string,
): readonly WeightedClient[] {
  const { cluster } = fabric;
  if (source.pod !== undefined) {
    const pod = requirePod(cluster, ...splitName(source.pod), `${pointer}/pod`);
    return [{ client: podClient(fabric, pod, `${pointer}/pod`), weight: ONE }];
  }
  if (source.workload !== undefined) {
    const { kind, namespace, name } = source.workload;
    requireWorkload(cluster, kind, namespace, name, `${pointer}/workload`);
    const pods = podsOfWorkload(cluster, kind, namespace, name).filter(isRunning);
    if (pods.length === 0) {
      throw new QuestionError('NOT_FOUND', `${kind} ${namespace}/${name} has no running pods.`, [
        { pointer: `${pointer}/workload`, detail: 'A workload with running pods is needed, or {"podOn": "NODE"}.' },
      ]);
    }
    const weight = fraction(1, pods.length);
    return pods.map((pod) => ({ client: podClient(fabric, pod, `${pointer}/workload`), weight }));
  }
  if (source.node !== undefined) {
    requireNode(cluster, source.node, `${pointer}/node`);
    return [
      {
        client: {
          kind: 'HOST',
          name: `node/${source.node}`,
          address: undefined,
          node: source.node,
          namespace: 'default',
        },
        weight: ONE,
      },
    ];
  }
  if (source.podOn !== undefined) {
    requireNode(cluster, source.podOn, `${pointer}/podOn`);
    return [{ client: podOnNode(fabric, source.podOn, `${pointer}/podOn`), weight: ONE }];
  }
  if (source.healthCheck !== undefined) {
    throw new QuestionError('INVALID_REQUEST', 'A health check is no client.', [
      {
        pointer: `${pointer}/healthCheck`,
        detail: 'Probes open no connections to the Service: name another source here.',
      },
    ]);
  }
  const external = source.external ?? {};
  if (external.entersAt === undefined && entry !== undefined && 'balancer' in entry) {
    const { balancer } = entry;
    return [{ client: balancedClient(fabric, external, { balancer }, `${pointer}/external`), weight: ONE }];
  }
  const node = external.entersAt ?? (entry !== undefined && 'node' in entry ? entry.node : undefined);
  if (node === undefined) {
    throw new QuestionError('INVALID_REQUEST', 'An outside client needs a node at which its packets arrive.', [
      {
        pointer: `${pointer}/external/entersAt`,
        detail: 'Name the node that the packet arrives at, e.g. {"entersAt": "node-1"}.',
      },
    ]);
  }
  requireNode(cluster, node, `${pointer}/external/entersAt`);
  return [{ client: outsideClient(fabric, external.address, node, `${pointer}/external`), weight: ONE }];
}
