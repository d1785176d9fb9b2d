import { encodeUtf8 } from '#platform';
import { containersOf } from '../cluster/containers.js';
import type { Pod, Service, ServicePortSpec, SlicePort } from '../cluster/objects.js';

const OFFSET = 0x6c62272e07bb014262b821756295c58dn;
const PRIME = 0x0000000001000000000000000000013bn;
const MASK = (1n << 128n) - 1n;

/** FNV-1a, 128 bits. */
function fnv128(text: string): bigint {
  let hash = OFFSET;
  for (const byte of encodeUtf8(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}

const orderKeys = new Map<string, bigint>();

/**
 * What the controller sorts ports by: the hash of the port as Go's spew library prints it. Arbitrary, but the same in
 * every cluster. Source: Kubernetes endpointslice/util `portsInOrder`.
 */
function orderKey(port: SlicePort): bigint {
  const pointer = (type: string, value: string | number | null | undefined) =>
    value === null || value === undefined ? `(*${type})<nil>` : `(*${type})${value}`;
  const text =
    `(v1.EndpointPort){Name:${pointer('string', port.name)} Protocol:${pointer('v1.Protocol', port.protocol)} ` +
    `Port:${pointer('int32', port.port)} AppProtocol:${pointer('string', port.appProtocol)}}`;
  let key = orderKeys.get(text);
  if (key === undefined) {
    if (orderKeys.size > 4096) orderKeys.clear();
    key = fnv128(text);
    orderKeys.set(text, key);
  }
  return key;
}

/** The ports in the order in which a slice lists them. */
export function inSliceOrder(ports: readonly SlicePort[]): SlicePort[] {
  if (ports.length < 2) return [...ports];
  return ports
    .map((port) => ({ port, key: orderKey(port) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ port }) => port);
}

/** Equal for equal sets of ports: slices are grouped by it. Absent names and protocols are the API's defaults. */
export function portsKey(ports: readonly SlicePort[]): string {
  return JSON.stringify(
    ports
      .map((port) => [port.name ?? '', port.protocol ?? 'TCP', port.port ?? null, port.appProtocol ?? null].join('\0'))
      .sort(),
  );
}

/** The container port behind a Service port on one pod; undefined when a named target port is not found there. */
export function findPort(pod: Pod, port: ServicePortSpec): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  for (const container of containersOf(pod.spec)) {
    for (const one of container.ports ?? []) {
      if (one.name === target && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP')) return one.containerPort;
    }
  }
  return undefined;
}

/** Whether a Service's ports are the same on every pod: no target port is a name. */
export function samePortsOnPods({ spec }: Service): boolean {
  return (spec?.ports ?? []).every(({ port, targetPort }) => typeof (targetPort ?? port) === 'number');
}

/** The Service's ports as they are on one pod, in slice order. Ports that the pod does not have are left out. */
export function endpointPorts(service: Service, pod: Pod): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const one of service.spec?.ports ?? []) {
    const port = findPort(pod, one);
    if (port === undefined) continue;
    ports.push({
      name: one.name ?? '',
      port,
      protocol: one.protocol ?? 'TCP',
      ...(one.appProtocol === undefined ? {} : { appProtocol: one.appProtocol }),
    });
  }
  return inSliceOrder(ports);
}
