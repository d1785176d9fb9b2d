/** IPVS on a node whose own rules are given. */
import type { IPFamily } from '../../base/address.js';
import { canonicalAddress } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { IpSets } from '../../netfilter/ipset.js';
import { IpvsBalancer, lookupIn, UnknownBalancer } from '../../netfilter/ipvs/balancer.js';
import type { VirtualServer } from '../../netfilter/ipvs/types.js';
import type { HookBalancer, Ruleset } from '../../netfilter/ruleset.js';
import { serviceMap } from '../../proxy/service-map.js';
import type { ServiceMap } from '../../proxy/service-port.js';
import type { Prepared } from '../prepare.js';

/** A chain that kube-proxy has in ipvs mode alone: table nat, every version. */
const CHAIN_OF_IPVS = 'KUBE-LOAD-BALANCER';
const ADDRESS_SETS = { IPv4: 'KUBE-IPVS-IPS', IPv6: 'KUBE-6-IPVS-IPS' } as const;

const ORDER =
  'Real servers are taken to have been added in the order in which ipvsadm prints them, which sorts them: ' +
  'where a turn begins, whom a ' +
  'tie goes to and the tables of sh, dh and mh depend on the real order; shares of a turn do not.';

const MISSING =
  'the rules are those of ipvs mode, and what ipvsadm -S -n prints of the node is not given: whom IPVS sends ' +
  'the packet to is not known';

/** IPVS of a node, and the addresses that are its own by kube-ipvs0. */
export interface GivenBalancer {
  readonly balancer: HookBalancer;
  readonly bound: ReadonlySet<string>;
}

const addresses = new WeakMap<ServiceMap, ReadonlySet<string>>();

/** Every address of a Service. */
function serviceAddresses(services: ServiceMap): ReadonlySet<string> {
  return remember(addresses, services, () => {
    const all = services
      .ports()
      .flatMap(({ clusterIP, externalIPs, loadBalancerVIPs }) => [clusterIP, ...externalIPs, ...loadBalancerVIPs]);
    return new Set(all.map((text) => canonicalAddress(text)));
  });
}

/**
 * What IPVS does on a node whose rules are given. Undefined where neither the text of ipvsadm nor the rules tell of it.
 * Rules of ipvs mode without that text make it unknown where Services lead.
 */
export function givenBalancer(
  { cluster, settings }: Prepared,
  family: IPFamily,
  ruleset: Ruleset,
  servers: readonly VirtualServer[] | undefined,
  sets: IpSets | undefined,
): GivenBalancer | undefined {
  const { pattern, open } = settings.connections;
  const held = sets?.addressesOf(ADDRESS_SETS[family]) ?? [];
  if (servers !== undefined) {
    const own = servers.flatMap(({ address }) => (address === '' ? [] : [address]));
    const balancer = new IpvsBalancer(lookupIn(servers), { pattern, open, order: ORDER });
    return { balancer, bound: new Set([...own, ...held.map((text) => canonicalAddress(text))]) };
  }
  if (!ruleset.tables.some((table) => table.chain(CHAIN_OF_IPVS) !== undefined)) return undefined;
  const [node] = cluster.nodes.keys();
  if (node === undefined) return undefined;
  const proxy: NodeProxySettings = settings.proxyOf(node);
  const services = serviceMap(cluster, family, proxy);
  const balancer = new UnknownBalancer(({ protocol, destination, destinationPort: port }) => {
    if (port === undefined) return false;
    return (
      services.claims(protocol, destination, port).length > 0 || services.nodePortClaims(protocol, port).length > 0
    );
  }, MISSING);
  return { balancer, bound: new Set([...serviceAddresses(services), ...held]) };
}
