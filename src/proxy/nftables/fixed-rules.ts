import type { Statement } from '../../netfilter/nftables/types.js';
import type { RenderContext } from './context.js';
import { type BaseDeclaration, OperationList } from './operations.js';
import {
  comment,
  DROP,
  destinationKey,
  field,
  inSet,
  jump,
  marked,
  matches,
  NEW,
  PORT,
  PROTOCOL,
  PROTOCOL_AND_PORT,
  REJECT,
  setMark,
  TO_LOCAL,
  vmap,
} from './rule-parts.js';
import { sharedSets } from './sets.js';

/** Chains that all Services share. */
export const CHAINS = {
  services: 'services',
  masquerading: 'masquerading',
  markForMasquerade: 'mark-for-masquerade',
  clusterIPsCheck: 'cluster-ips-check',
  endpointsCheck: 'endpoints-check',
  serviceEndpointsCheck: 'service-endpoints-check',
  nodePortEndpointsCheck: 'nodeport-endpoints-check',
  firewallCheck: 'firewall-check',
  firewallAllowCheck: 'firewall-allow-check',
  reject: 'reject-chain',
  forward: 'forward',
} as const;

type Hook = BaseDeclaration['hook'];

function filter(hook: Hook, priority: number): BaseDeclaration {
  return { type: 'filter', hook, priority };
}

/** The base chains of a version, in the order in which they are made. */
export function baseChains({ traits }: RenderContext): readonly (readonly [string, BaseDeclaration])[] {
  const nat: (readonly [string, BaseDeclaration])[] = [
    ['nat-prerouting', { type: 'nat', hook: 'prerouting', priority: -100 }],
    ['nat-output', { type: 'nat', hook: 'output', priority: -100 }],
    ['nat-postrouting', { type: 'nat', hook: 'postrouting', priority: 100 }],
  ];
  switch (traits.hooks) {
    case 'ALPHA':
      return [
        ['filter-input', filter('input', -101)],
        ['filter-forward', filter('forward', -101)],
        ['filter-output', filter('output', -101)],
        ...nat,
      ];
    case 'BEFORE_DNAT':
      return [
        ['filter-prerouting', filter('prerouting', -110)],
        ['filter-input', filter('input', -110)],
        ['filter-forward', filter('forward', -110)],
        ['filter-output', filter('output', -110)],
        ['filter-output-post-dnat', filter('output', -90)],
        ...nat,
      ];
    case 'FILTER':
      return [
        ['filter-prerouting-pre-dnat', filter('prerouting', -110)],
        ['filter-output-pre-dnat', filter('output', -110)],
        ['filter-input', filter('input', 0)],
        ['filter-forward', filter('forward', 0)],
        ['filter-output', filter('output', 0)],
        ...nat,
      ];
  }
}

type JumpRule = readonly [from: string, to: string, isNew: boolean];

/** The jumps from base chains, in the order in which they are made. */
function jumps({ traits }: RenderContext): readonly JumpRule[] {
  const nat: readonly JumpRule[] = [
    ['nat-output', CHAINS.services, false],
    ['nat-prerouting', CHAINS.services, false],
    ['nat-postrouting', CHAINS.masquerading, false],
  ];
  if (traits.hooks === 'ALPHA') {
    const check = (from: string, to: string): JumpRule => [from, to, true];
    return [
      check('filter-input', CHAINS.endpointsCheck),
      check('filter-forward', CHAINS.endpointsCheck),
      check('filter-output', CHAINS.endpointsCheck),
      ['filter-forward', CHAINS.forward, false],
      check('filter-input', CHAINS.firewallCheck),
      check('filter-output', CHAINS.firewallCheck),
      check('filter-forward', CHAINS.firewallCheck),
      ...nat,
    ];
  }
  const early = traits.hooks === 'FILTER';
  return [
    ['filter-input', CHAINS.nodePortEndpointsCheck, true],
    ['filter-input', CHAINS.serviceEndpointsCheck, true],
    ['filter-forward', CHAINS.serviceEndpointsCheck, true],
    ['filter-output', CHAINS.serviceEndpointsCheck, true],
    [early ? 'filter-prerouting-pre-dnat' : 'filter-prerouting', CHAINS.firewallCheck, true],
    [early ? 'filter-output-pre-dnat' : 'filter-output', CHAINS.firewallCheck, true],
    ...nat,
    ['filter-forward', CHAINS.clusterIPsCheck, true],
    [early ? 'filter-output' : 'filter-output-post-dnat', CHAINS.clusterIPsCheck, true],
  ];
}

/** What comes before a test of node ports: that the packet is for an address that takes them. */
function nodePortGuard(context: RenderContext, asksRoute: boolean): readonly Statement[] {
  const { family, nodePortAddresses } = context;
  const address = field(family, 'daddr');
  if (nodePortAddresses !== undefined) return [inSet(address, sharedSets(family).nodePortIPs.name)];
  const notLoopback = matches(address, family === 'IPv4' ? '127.0.0.0/8' : '::1', '!=');
  return asksRoute ? [TO_LOCAL, notLoopback] : [notLoopback];
}

function addMasquerading(out: OperationList, { traits, settings, family }: RenderContext): void {
  const bit = settings.masqueradeBit;
  const { masquerading, markForMasquerade } = CHAINS;
  // Every kernel that has nftables as kube-proxy needs it knows the flag.
  const masquerade: Statement = { kind: 'masquerade', flags: ['fully-random'] };
  if (!traits.inline) {
    out.chain(markForMasquerade);
    out.rule(markForMasquerade, undefined, setMark('|', bit));
    out.rule(masquerading, undefined, marked('==', bit), { kind: 'return' });
    out.rule(masquerading, undefined, setMark('^', bit));
    out.rule(masquerading, undefined, masquerade);
    return;
  }
  const { hairpin } = sharedSets(family);
  out.set(hairpin);
  out.rule(masquerading, undefined, marked('!=', bit), setMark('^', bit), masquerade);
  const key = { kind: 'concat', parts: [field(family, 'saddr'), field(family, 'daddr'), PROTOCOL, PORT] } as const;
  out.rule(
    masquerading,
    undefined,
    matches({ kind: 'ct', key: 'status' }, 'dnat'),
    inSet(key, hairpin.name),
    masquerade,
  );
}

/** Packets to addresses that no Service has, of the ranges from which Services get theirs. */
function addUnallocated(out: OperationList, { family, serviceCidrs }: RenderContext): void {
  if (serviceCidrs.length === 0) return;
  const elements = serviceCidrs.map((cidr) => ({ key: [cidr] }));
  const inRanges: Statement = {
    kind: 'match',
    left: field(family, 'daddr'),
    operator: '==',
    right: { kind: 'set', elements, isCompact: true },
  };
  out.rule(CHAINS.clusterIPsCheck, undefined, inRanges, DROP, comment('Drop traffic to unallocated ClusterIPs'));
}

function addNodePortAddresses(out: OperationList, { family, nodePortAddresses }: RenderContext): void {
  const set = sharedSets(family).nodePortIPs;
  if (nodePortAddresses === undefined) {
    out.without(set);
    return;
  }
  out.set(set);
  out.flush(set);
  for (const address of nodePortAddresses) out.element(set, { key: [address] });
}

function addEndpointChecks(out: OperationList, context: RenderContext): void {
  const { family, traits } = context;
  const { noEndpointServices, noEndpointNodePorts } = sharedSets(family);
  out.set(noEndpointServices);
  out.set(noEndpointNodePorts);
  out.chain(CHAINS.reject, undefined, { comment: 'helper for @no-endpoint-services / @no-endpoint-nodeports' });
  out.rule(CHAINS.reject, undefined, REJECT);
  const [services, nodePorts] = traits.alpha
    ? [CHAINS.endpointsCheck, CHAINS.endpointsCheck]
    : [CHAINS.serviceEndpointsCheck, CHAINS.nodePortEndpointsCheck];
  out.rule(services, undefined, vmap(destinationKey(family), noEndpointServices.name));
  const guard = nodePortGuard(context, traits.alpha);
  out.rule(nodePorts, undefined, ...guard, vmap(PROTOCOL_AND_PORT, noEndpointNodePorts.name));
}

function addFirewall(out: OperationList, { family, traits }: RenderContext): void {
  const { firewallIPs, firewall, firewallAllow } = sharedSets(family);
  const destination = destinationKey(family);
  if (!traits.alpha) {
    out.set(firewallIPs);
    out.rule(CHAINS.firewallCheck, undefined, vmap(destination, firewallIPs.name));
    return;
  }
  out.set(firewall);
  out.set(firewallAllow);
  out.chain(CHAINS.firewallAllowCheck);
  const pair = {
    kind: 'concat',
    parts: [field(family, 'daddr'), PROTOCOL, PORT, field(family, 'saddr')],
  } as const;
  out.rule(CHAINS.firewallAllowCheck, undefined, inSet(pair, firewallAllow.name), { kind: 'return' });
  out.rule(CHAINS.firewallAllowCheck, undefined, DROP);
  out.rule(CHAINS.firewallCheck, undefined, inSet(destination, firewall.name), jump(CHAINS.firewallAllowCheck));
}

function addServices(out: OperationList, context: RenderContext): void {
  const { family, traits, settings, detector } = context;
  const { serviceIPs, serviceNodePorts, clusterIPs } = sharedSets(family);
  out.set(serviceIPs);
  out.set(serviceNodePorts);
  if (traits.inline) {
    const toClusterIP = inSet(field(family, 'daddr'), clusterIPs.name);
    const mark = setMark('|', settings.masqueradeBit);
    if (settings.masqueradeAll) {
      out.rule(CHAINS.services, undefined, toClusterIP, mark, comment('masquerade all clusterIP traffic'));
    } else if (detector !== undefined) {
      const why = comment('masquerade clusterIP traffic from outside cluster');
      out.rule(CHAINS.services, undefined, toClusterIP, detector.ifNotLocal, mark, why);
    }
  }
  out.rule(CHAINS.services, undefined, vmap(destinationKey(family), serviceIPs.name));
  const guard = nodePortGuard(context, true);
  out.rule(CHAINS.services, undefined, ...guard, vmap(PROTOCOL_AND_PORT, serviceNodePorts.name));
}

/** What a proxier makes whatever Services there are (`setupNFTables`, pkg/proxy/nftables/proxier.go). */
export function setUp(context: RenderContext): OperationList {
  const out = new OperationList();
  const { family, traits, settings } = context;
  const sets = sharedSets(family);
  for (const [name, base] of baseChains(context)) out.chain(name, undefined, { base });
  const made = new Set<string>();
  for (const [from, to, isNew] of jumps(context)) {
    if (!made.has(to)) out.chain(to);
    made.add(to);
    out.rule(from, undefined, ...(isNew ? [NEW] : []), jump(to));
  }
  addMasquerading(out, context);
  if (traits.alpha && !settings.kernel.tcpBeLiberal) {
    out.rule(CHAINS.forward, undefined, matches({ kind: 'ct', key: 'state' }, 'invalid'), DROP);
  }
  if (!traits.alpha) {
    out.set(sets.clusterIPs);
    const why = comment('Reject traffic to invalid ports of ClusterIPs');
    out.rule(CHAINS.clusterIPsCheck, undefined, inSet(field(family, 'daddr'), sets.clusterIPs.name), REJECT, why);
    addUnallocated(out, context);
  }
  addNodePortAddresses(out, context);
  addEndpointChecks(out, context);
  addFirewall(out, context);
  addServices(out, context);
  if (!traits.partial) {
    const { clusterIPs, firewallIPs, firewall, firewallAllow } = sets;
    const firewalls = traits.alpha ? [firewall, firewallAllow] : [clusterIPs, firewallIPs];
    const services = [sets.noEndpointServices, sets.noEndpointNodePorts, sets.serviceIPs, sets.serviceNodePorts];
    for (const set of [...firewalls, ...services]) out.flush(set);
  }
  return out;
}
