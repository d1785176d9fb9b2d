/** Services that a label leaves to another proxy than kube-proxy: what that one does is not modelled. */
import { canonicalAddress } from '../base/address.js';
import { namespacedName, type Service } from '../cluster/objects.js';
import { ValueIndex } from '../cluster/value-index.js';
import type { Packet } from '../netfilter/packet.js';
import { PROXY_NAME_LABEL } from '../proxy/service-ports.js';
import type { Fabric } from './fabric.js';
import { isLoopback } from './host.js';

const atAddress = (text: string) => `at ${canonicalAddress(text)}`;

/** What every such Service has in common: most clusters have none. */
const LABELLED = 'labelled';

/** What packets for the Service carry: its cluster IPs whatever the port, other addresses and nodes with its ports. */
function termsOf(service: Service): readonly string[] {
  if (service.metadata.labels?.[PROXY_NAME_LABEL] === undefined) return [];
  const { clusterIP, clusterIPs, externalIPs, ports } = service.spec ?? {};
  const published = service.status?.loadBalancer?.ingress?.flatMap(({ ip }) => (ip ? [ip] : [])) ?? [];
  const own = [...(clusterIPs ?? []), ...(clusterIP ? [clusterIP] : [])].map(atAddress);
  return [
    LABELLED,
    ...new Set(own),
    ...(ports ?? []).flatMap(({ port, nodePort, protocol = 'TCP' }) => [
      ...[...(externalIPs ?? []), ...published].map((text) => `${atAddress(text)} ${protocol} ${port}`),
      ...(nodePort ? [`node ${protocol} ${nodePort}`] : []),
    ]),
  ];
}

const delegated = new ValueIndex<Service>(termsOf);

/**
 * Why it is not known what a node does with a packet: it is for a Service with the label
 * `service.kubernetes.io/service-proxy-name`, which kube-proxy passes over, so that the proxy of that name may serve
 * it. Undefined for other packets, and where a node's own rules are given: they hold whatever that proxy has written.
 */
export function leftToOtherProxy(fabric: Fabric, node: string, packet: Packet): string | undefined {
  const { services } = fabric.cluster;
  // What a proxy has translated is for an endpoint.
  if (packet.connection.dnat || fabric.isParsed(node) || delegated.first(services, LABELLED) === undefined)
    return undefined;
  const { protocol, destination, destinationPort: port } = packet;
  const at = `at ${destination}`;
  const isOwn = () => isLoopback(destination) || fabric.book.addressesOf(node).own.includes(destination);
  const service =
    delegated.first(services, at) ??
    delegated.first(services, `${at} ${protocol} ${port}`) ??
    (isOwn() ? delegated.first(services, `node ${protocol} ${port}`) : undefined);
  if (service === undefined) return undefined;
  const name = service.metadata.labels?.[PROXY_NAME_LABEL];
  return (
    `label ${PROXY_NAME_LABEL} leaves Service ${namespacedName(service)} to a proxy named "${name}" in place of ` +
    'kube-proxy, and what that one does is not modelled'
  );
}
