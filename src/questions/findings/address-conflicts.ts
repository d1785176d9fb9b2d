/** Addresses of Services that belong to somebody else. */
import { addressOf, canonicalAddress } from '../../base/address.js';
import { remember } from '../../base/remember.js';
import { nodeAddresses } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Service } from '../../cluster/objects.js';
import type { Finding } from '../../contract/answers.js';
import { balancerOf } from '../../load-balancers/balancer.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { holderOf, leftOutByLabels } from '../../load-balancers/k3s/host-ports.js';
import { loserOf, othersAt, sharingConflict, wantedAddresses } from '../../load-balancers/metallb/sharing.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { finding, listed } from './finding.js';
import { servicesOf } from './service-facts.js';

interface Owners {
  /** Addresses of the API server. */
  readonly api: ReadonlySet<string>;
  /** Services by their cluster IPs and load balancer addresses. */
  readonly services: ReadonlyMap<string, readonly string[]>;
  /** Nodes by their addresses. */
  readonly nodes: ReadonlyMap<string, string>;
}

const ownersOf = new WeakMap<Cluster, Owners>();

const canonical = (text: string | undefined): readonly string[] =>
  text === undefined ? [] : [addressOf(text)?.text].filter((one) => one !== undefined);

function owners(cluster: Cluster): Owners {
  return remember(ownersOf, cluster, () => {
    const endpoints = cluster.slicesOf('default/kubernetes').flatMap((slice) => slice.endpoints);
    const services = new Map<string, string[]>();
    const of = (key: string) => {
      const { spec, status } = cluster.services.get(key) ?? {};
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
      return [spec?.clusterIP, ...(spec?.clusterIPs ?? []), ...ingress].flatMap(canonical);
    };
    // Two Services may share an external IP where their ports differ: the port distinguishes them.
    for (const key of cluster.services.keys()) {
      for (const address of new Set(of(key))) remember(services, address, (): string[] => []).push(key);
    }
    const nodes = new Map<string, string>();
    for (const node of cluster.nodes.values()) {
      for (const address of nodeAddresses(node)) nodes.set(address, node.metadata.name);
    }
    return {
      api: new Set([
        ...endpoints.flatMap(({ addresses }) => addresses.flatMap(canonical)),
        ...of('default/kubernetes'),
      ]),
      services,
      nodes,
    };
  });
}

/** Who has the address beside the Service itself, in words. */
function ownerOf(cluster: Cluster, address: string, key: string): string | undefined {
  const { api, services, nodes } = owners(cluster);
  if (api.has(address)) return 'the API server';
  const other = services.get(address)?.find((one) => one !== key);
  if (other !== undefined) return `Service ${other}`;
  const node = nodes.get(address);
  return node === undefined ? undefined : `node ${node}`;
}

/** External IPs that are the address of a node, of the API server or of another Service: every node captures them. */
export const externalIPsTaken: StateFinder = (view) =>
  servicesOf(view).flatMap(([key, { spec }]) =>
    (spec?.externalIPs ?? []).flatMap((text) => {
      const address = canonicalAddress(text);
      const owner = ownerOf(view.cluster, address, key);
      if (owner === undefined) return [];
      const ports = (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
      const message =
        `External IP ${address} of ${key} is the address of ${owner}: what is sent there to ${listed(ports)} ` +
        `goes to ${key} instead.`;
      return [finding('EXTERNAL_IP_TAKEN', message, { service: key, address, owner, ports })];
    }),
  );

function isMetallb({ cluster, settings }: View, service: Service): boolean {
  if (!isBalanced(service, cluster)) return false;
  const { implementation } = balancerOf(cluster, settings, 'IPv4', service);
  return implementation.name === 'metallb-l2' || implementation.name === 'metallb-bgp';
}

interface Conflict {
  readonly service: Service;
  readonly other: Service;
  readonly address: string;
  readonly why: string;
}

function conflictsOf(view: View): readonly Conflict[] {
  return servicesOf(view).flatMap(([, service]) => {
    // First what is known of each Service alone: others at its address may be very many.
    if (!isMetallb(view, service)) return [];
    return othersAt(view.cluster, service).flatMap((other) => {
      const why = sharingConflict(service, other);
      const address = wantedAddresses(service).find((one) => wantedAddresses(other).includes(one));
      return why === undefined || address === undefined ? [] : [{ service, other, address, why }];
    });
  });
}

function conflictFinding({ service, other, address, why }: Conflict, loser: Service): Finding {
  const names = [service, other].map(namespacedName).sort();
  const lost = namespacedName(loser);
  const message =
    `MetalLB gives ${address} to one of ${names.join(' and ')} only: ${why}. ${lost} is the one that does ` +
    'not get it, or loses it: ' +
    'its connections from outside reach nobody, whatever its address is.';
  return finding('LOAD_BALANCER_ADDRESS_LOST', message, { service: lost, services: names, address, reason: why });
}

/** Services that want one address of MetalLB and may not share it. */
export const metallbConflicts: StateFinder = (view) => {
  const found = new Map<string, Finding>();
  for (const conflict of conflictsOf(view)) {
    const key = [conflict.service, conflict.other].map(namespacedName).sort().join(' ');
    if (!found.has(key))
      found.set(key, conflictFinding(conflict, loserOf(conflict.service, conflict.other, conflict.address)));
  }
  return [...found.values()];
};

/** Services of k3s whose host ports others hold on every node: they get no address. */
export const hostPortConflicts: StateFinder = (view) =>
  servicesOf(view).flatMap(([key, service]) => {
    if (service.spec?.type !== 'LoadBalancer' || !isBalanced(service, view.cluster)) return [];
    const { implementation } = balancerOf(view.cluster, view.settings, 'IPv4', service);
    if (implementation.name !== 'k3s-servicelb') return [];
    const nodes = [...view.cluster.nodes.values()].filter(
      (node) => leftOutByLabels(view.cluster, service)(node) === undefined,
    );
    const holders = nodes.map((node) => holderOf(view.cluster, service, node));
    const [holder] = holders;
    if (holder === undefined || holders.some((one) => one === undefined)) return [];
    const ports = (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
    const message =
      `${key} gets no address from ServiceLB: ${holder} on every node (${nodes.length}), so that its own pods ` +
      'stay pending.';
    const evidence = { service: key, services: [key], address: `host port ${ports.join(', ')}`, reason: holder };
    return [finding('LOAD_BALANCER_ADDRESS_LOST', message, evidence)];
  });

/** The same of a change: MetalLB looks at a Service again when it changes, so that the changed one loses. */
export const metallbLosers: DifferenceFinder = (before, after) => {
  const found = new Map<string, Finding>();
  for (const conflict of conflictsOf(after)) {
    const [own, other] = [conflict.service, conflict.other].map((service) => {
      const key = namespacedName(service);
      return { service, changed: before.cluster.services.get(key) !== service };
    }) as [{ service: Service; changed: boolean }, { service: Service; changed: boolean }];
    if (own.changed === other.changed) continue;
    const loser = own.changed ? own.service : other.service;
    const earlier = before.cluster.services.get(namespacedName(loser));
    const rival = before.cluster.services.get(namespacedName(own.changed ? other.service : own.service));
    if (earlier === undefined || rival === undefined || sharingConflict(earlier, rival) !== undefined) continue;
    found.set(namespacedName(loser), conflictFinding(conflict, loser));
  }
  return [...found.values()];
};
