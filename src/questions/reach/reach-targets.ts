/** What a reach table's columns are: ports of Services, or of workloads. */

import { addressOf, type IPFamily } from '../../base/address.js';
import { type Cluster, podAddresses } from '../../cluster/cluster.js';
import { containersOf } from '../../cluster/containers.js';
import type { Pod, Service } from '../../cluster/objects.js';
import type { RunningWorkload } from '../../cluster/running-workloads.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { ReachQuestion, TransportProtocol } from '../../contract/requests.js';
import type { Destination } from '../../path/destinations.js';
import { checkServiceSpec, serviceFamilies } from '../../path/service-target.js';
import { everyPort } from '../probability/asked-ports.js';

/** A column of the table. */
export interface ReachTarget {
  /** `shop/web:80`, `Deployment shop/web:8080/UDP`: unique together with the family. */
  readonly name: string;
  readonly family: IPFamily;
  readonly service?: { readonly namespace: string; readonly name: string };
  readonly workload?: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly port?: number;
  readonly portName?: string;
  readonly protocol: TransportProtocol;
  /** Where connections go, each as likely as the others. */
  readonly destinations: readonly Destination[];
}

const suffix = (port: number | undefined, protocol: string) =>
  `${port === undefined ? '' : `:${port}`}${protocol === 'TCP' ? '' : `/${protocol}`}`;

/** The ports of the wanted Services, each in every family that is wanted. */
export function serviceTargets(
  cluster: Cluster,
  namespaces: ReadonlySet<string> | undefined,
  { services, families = FAMILIES }: ReachQuestion,
): readonly ReachTarget[] {
  const keys = services === undefined ? undefined : new Set(services);
  const wanted: Service[] = [];
  for (const [key, one] of cluster.services.entries()) {
    if ((keys?.has(key) ?? true) && (namespaces?.has(one.metadata.namespace ?? 'default') ?? true)) wanted.push(one);
  }
  return everyPort(wanted, undefined).flatMap(({ service, protocol }) => {
    const target = checkServiceSpec(cluster, service, protocol, '/reach/services');
    const has = serviceFamilies(cluster, target);
    const { namespace, name } = service;
    const number = target.port?.port ?? service.port;
    const port = number === undefined ? {} : { port: number };
    const portName = target.port?.name ? { portName: target.port.name } : {};
    return FAMILIES.filter((family) => has.includes(family) && families.includes(family)).map(
      (family): ReachTarget => ({
        name: `${namespace}/${name}${suffix(number, target.protocol)}`,
        family,
        service: { namespace, name },
        ...{ ...port, ...portName },
        protocol: target.protocol as TransportProtocol,
        destinations: [{ kind: 'SERVICE', target }],
      }),
    );
  });
}

/** The ports that some container of a workload's pods declares. */
function portsOf(pods: readonly Pod[]): readonly { readonly port: number; readonly protocol: TransportProtocol }[] {
  const found = new Map<string, { port: number; protocol: TransportProtocol }>();
  for (const { spec } of pods) {
    for (const { ports } of containersOf(spec)) {
      for (const { containerPort: port, protocol = 'TCP' } of ports ?? []) {
        found.set(`${port}/${protocol}`, { port, protocol: protocol as TransportProtocol });
      }
    }
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** The pods of workloads at the ports that they declare, or at the port that is asked about. */
export function workloadTargets(
  workloads: readonly RunningWorkload[],
  { port, protocol, families = FAMILIES }: ReachQuestion,
): { readonly targets: readonly ReachTarget[]; readonly withoutPorts: readonly string[] } {
  const withoutPorts: string[] = [];
  const targets = workloads.flatMap(({ kind, namespace, name, pods }) => {
    const ports = port === undefined ? portsOf(pods) : [{ port, protocol: protocol ?? ('TCP' as const) }];
    if (ports.length === 0) withoutPorts.push(`${kind} ${namespace}/${name}`);
    return ports.flatMap(({ port: number, protocol: over }) =>
      FAMILIES.filter((family) => families.includes(family)).flatMap((family): ReachTarget[] => {
        const there = pods.filter((pod) => podAddresses(pod).some((text) => addressOf(text)?.family === family));
        if (there.length === 0) return [];
        const destinations = there.map((pod): Destination => ({ kind: 'POD', pod, port: number, protocol: over }));
        return [
          {
            name: `${kind} ${namespace}/${name}${suffix(number, over)}`,
            family,
            workload: { kind, namespace, name },
            port: number,
            protocol: over,
            destinations,
          },
        ];
      }),
    );
  });
  return { targets, withoutPorts };
}
