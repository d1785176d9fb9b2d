/** What is particular to ipvs mode: when kube-proxy leaves it or comes to it, and while it runs in it. */
import { remember } from '../../base/remember.js';
import type { Node } from '../../cluster/objects.js';
import type { NodeProxySettings, Settings } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import { balancerOf } from '../../load-balancers/balancer.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import { externallyAccessible } from '../../proxy/traffic-policies.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import { names, nodeEvidence, type Switched, switchedNodes } from './mode-nodes.js';
import { isUsable, portsOf, servicesOf, workingNodes } from './service-facts.js';

const DEPRECATED_SINCE = 35;

function some(services: readonly string[]) {
  return { services: services.slice(0, MAX_LISTED), serviceCount: services.length };
}

/** Services whose load balancer addresses MetalLB announces on the network by ARP. */
function announced(view: View): readonly string[] {
  return servicesOf(view)
    .filter(([, service]) => {
      if (!isBalanced(service, view.cluster)) return false;
      return balancerOf(view.cluster, view.settings, 'IPv4', service).implementation.name === 'metallb-l2';
    })
    .map(([key]) => key);
}

/** Services with external policy Local that have endpoints, but not on each of the nodes. */
function withoutLocal(view: View): readonly string[] {
  const nodes = workingNodes(view.cluster).map(({ metadata }) => metadata.name);
  return servicesOf(view)
    .filter(([key]) =>
      portsOf(view, key).some(({ port, services }) => {
        if (!port.externalPolicyLocal || !externallyAccessible(port)) return false;
        const on = new Set(
          services
            .endpointsOf(port)
            .filter(isUsable)
            .map(({ node }) => node),
        );
        return on.size > 0 && nodes.some((node) => !on.has(node));
      }),
    )
    .map(([key]) => key);
}

/** How endpoints were chosen, by scheduler. */
function schedulers(left: readonly Switched[]): readonly Finding[] {
  const byName = new Map<string, Switched[]>();
  for (const one of left) {
    const { ipvsScheduler } = one.before;
    const same = byName.get(ipvsScheduler);
    if (same === undefined) byName.set(ipvsScheduler, [one]);
    else same.push(one);
  }
  return [...byName].map(([scheduler, nodes]) => {
    const mode = nodes[0]?.after.mode;
    const turns = scheduler === 'rr' || scheduler === 'wrr';
    const what = turns
      ? 'gave connections out in turn'
      : /^(?:sh|mh)$/.test(scheduler)
        ? 'kept each client address on one endpoint'
        : scheduler === 'dh' || scheduler.startsWith('lblc')
          ? 'sent all connections to one address to one endpoint'
          : 'preferred endpoints with few connections';
    const message =
      `The scheduler ${scheduler} of IPVS ${what} on ${listed(names(nodes))}: mode ${mode} draws an endpoint ` +
      'at random for each connection, and looks at no load.';
    const evidence = { ...nodeEvidence(nodes), scheduler };
    // In the long run turns and draws give the same shares.
    return finding('IPVS_SCHEDULER_LOST', message, evidence, turns ? 'INFO' : undefined);
  });
}

function whileLeaving(left: readonly Switched[], before: View, after: View): readonly Finding[] {
  const found: Finding[] = [...schedulers(left)];
  const [first] = left as readonly [Switched];
  const evidence = nodeEvidence(left);
  const to = first.after.mode;
  const on = listed(names(left));

  const strict = left.filter(({ before: was }) => was.ipvsStrictARP);
  if (strict.length > 0) {
    const metallb = announced(after);
    const why = metallb.length === 0 ? '' : ` MetalLB, which announces ${listed(metallb)}, does not need it there.`;
    const message =
      `strictARP was on: arp_ignore and arp_announce stay as kube-proxy set them on ${listed(names(strict))} ` +
      `until the node starts anew, though no address is on kube-ipvs0 any more.${why}`;
    found.push(finding('STRICT_ARP_LEFT', message, { ...nodeEvidence(strict), ...some(metallb) }));
  }
  const fallback = left.filter(({ before: was }) => was.version.minor >= 24);
  const local = fallback.length === 0 ? [] : withoutLocal(before);
  if (local.length > 0) {
    const message =
      `${listed(local)} ${local.length === 1 ? 'has' : 'have'} externalTrafficPolicy Local, and endpoints on ` +
      'some nodes only: elsewhere virtual servers fell back to endpoints of other nodes (since 1.24), and mode ' +
      `${to} drops connections from outside there. Its health checks keep load balancers away, which the ` +
      'fallback did not change.';
    found.push(finding('LOCAL_FALLBACK_LOST', message, { ...nodeEvidence(fallback), ...some(local) }));
  }
  const pinged = left.filter(({ before: was }) => was.version.minor < 26);
  if (pinged.length > 0) {
    const message =
      `Addresses of Services are no longer addresses of ${listed(names(pinged))}: they do not answer ping any ` +
      "more, nor on ports of the host's own processes.";
    found.push(finding('CLUSTER_IP_PING_LOST', message, nodeEvidence(pinged)));
  }
  const ranged = servicesOf(before)
    .filter(([, { spec }]) => (spec?.loadBalancerSourceRanges ?? []).length > 0)
    .map(([key]) => key);
  if (ranged.length > 0) {
    const open = left.some(({ before: { version } }) => version.minor >= 25 && version.minor <= 28);
    const message = open
      ? `Source ranges of ${listed(ranged)} did not meet processes of the nodes (in ipvs mode 1.25 to 1.28), ` +
        `and do so in mode ${to}: those outside of the ranges are dropped.`
      : `Source ranges of ${listed(ranged)} are checked elsewhere in mode ${to}: clients that the ranges hold ` +
        'pass as before, and what others get stays a drop.';
    found.push(
      finding('SOURCE_RANGES_CHANGED', message, { ...evidence, ...some(ranged) }, open ? 'WARNING' : undefined),
    );
  }
  const idle =
    'IPVS forgot idle connections after its own timeouts (TCP 900 s, UDP 300 s, unless ipvs.tcpTimeout and ' +
    `ipvs.udpTimeout say otherwise); in mode ${to} those of conntrack count (TCP 24 h by kube-proxy's default, ` +
    'UDP 120 s).';
  found.push(finding('IDLE_TIMEOUTS_CHANGED', idle, evidence));
  const open =
    `Open connections through Services on ${on} are IPVS's: conntrack alone does not translate their ` +
    'destination, and they end when its virtual servers are removed.';
  found.push(finding('IPVS_CONNECTIONS_LOST', open, evidence));
  return found;
}

function strictArpNeeded(view: View, nodes: readonly string[]): readonly Finding[] {
  if (nodes.length === 0) return [];
  const metallb = announced(view);
  if (metallb.length === 0) return [];
  const message =
    `In ipvs mode ${listed(nodes)} ${nodes.length === 1 ? 'has' : 'have'} the addresses of ${listed(metallb)} ` +
    `on kube-ipvs0 and ${nodes.length === 1 ? 'answers' : 'answer'} ARP requests for them, against the node ` +
    'that MetalLB chose: strictARP has to be true.';
  const evidence = { nodes: nodes.slice(0, MAX_LISTED), nodeCount: nodes.length, ...some(metallb) };
  return [finding('STRICT_ARP_NEEDED', message, evidence)];
}

interface IpvsNode {
  readonly name: string;
  readonly proxy: NodeProxySettings;
}

const inIpvsMode = new WeakMap<Settings, WeakMap<readonly Node[], readonly IpvsNode[]>>();

/** The nodes in ipvs mode, with their settings. */
function ipvsNodes({ cluster, settings }: View): readonly IpvsNode[] {
  if (settings.unsupportedDataplane !== undefined) return [];
  const nodes = workingNodes(cluster);
  const ofSettings = remember(inIpvsMode, settings, () => new WeakMap<readonly Node[], readonly IpvsNode[]>());
  return remember(ofSettings, nodes, () =>
    nodes
      .map(({ metadata: { name } }) => ({ name, proxy: settings.proxyOf(name) }))
      .filter(({ proxy }) => proxy.mode === 'ipvs'),
  );
}

/** What is wrong with ipvs mode while it runs. */
export const ipvsFindings: StateFinder = (view) => {
  const nodes = ipvsNodes(view);
  if (nodes.length === 0) return [];
  const loose = nodes.filter(({ proxy }) => !proxy.ipvsStrictARP).map(({ name }) => name);
  const late = nodes.filter(({ proxy }) => proxy.version.minor >= DEPRECATED_SINCE).map(({ name }) => name);
  const message =
    `kube-proxy runs in ipvs mode on ${listed(late)}, which is deprecated since 1.${DEPRECATED_SINCE}: ` +
    'nftables mode is what replaces it.';
  const evidence = { nodes: late.slice(0, MAX_LISTED), nodeCount: late.length };
  return [
    ...strictArpNeeded(view, loose),
    ...(late.length === 0 ? [] : [finding('IPVS_DEPRECATED', message, evidence)]),
  ];
};

/** What changes for all Services where kube-proxy leaves ipvs mode. */
export const ipvsModeFindings: DifferenceFinder = (before, after) => {
  const left = switchedNodes(before, after).filter(({ before: was }) => was.mode === 'ipvs');
  return left.length === 0 ? [] : whileLeaving(left, before, after);
};
