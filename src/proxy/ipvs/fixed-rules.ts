import type { Statement } from '../../netfilter/iptables/statements.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { markMatch, markText } from '../iptables/fixed-rules.js';
import type { ChainJump } from '../iptables/jumps.js';
import { ACCEPT, comment, DROP, jump, REJECT, RETURN, rule, source, TO_LOCAL } from '../iptables/rule-parts.js';
import type { IpvsContext } from './context.js';
import { type SetName, setComment, setName } from './sets.js';

/** The rules of iptables that ipvs mode writes around the sets (pkg/proxy/ipvs/proxier.go). */

export const CHAINS = {
  services: 'KUBE-SERVICES',
  postrouting: 'KUBE-POSTROUTING',
  firewall: 'KUBE-FIREWALL',
  nodePort: 'KUBE-NODE-PORT',
  loadBalancer: 'KUBE-LOAD-BALANCER',
  markMasquerade: 'KUBE-MARK-MASQ',
  markDrop: 'KUBE-MARK-DROP',
  forward: 'KUBE-FORWARD',
  proxyFirewall: 'KUBE-PROXY-FIREWALL',
  sourceRanges: 'KUBE-SOURCE-RANGES-FIREWALL',
  accessFilter: 'KUBE-IPVS-FILTER',
  outFilter: 'KUBE-IPVS-OUT-FILTER',
} as const;

type TableName = 'filter' | 'nat';

/** The chains that the restore input declares in a table, in order. */
export function declaredChains({ traits }: IpvsContext, table: TableName): readonly string[] {
  if (table === 'nat') {
    return [
      CHAINS.services,
      CHAINS.postrouting,
      ...(traits.firewallInFilter ? [] : [CHAINS.firewall]),
      CHAINS.nodePort,
      CHAINS.loadBalancer,
      CHAINS.markMasquerade,
    ];
  }
  return [
    CHAINS.forward,
    ...(traits.healthCheckRule ? [CHAINS.nodePort] : []),
    ...(traits.firewallInFilter ? [CHAINS.proxyFirewall, CHAINS.sourceRanges] : []),
    ...(traits.accessFilter ? [CHAINS.accessFilter] : []),
    ...(traits.outFilter ? [CHAINS.outFilter] : []),
  ];
}

/** The jumps into kube-proxy's chains, in the order in which it makes sure of them; each is put on top of its chain. */
export function chainJumps({ traits }: IpvsContext): readonly ChainJump[] {
  const to = (table: TableName, from: string, note: string, chain: string): ChainJump => ({
    table,
    rule: rule(from, undefined, [comment(note), jump(chain)]),
  });
  const access = 'kubernetes ipvs access filter';
  const firewall = 'kube-proxy firewall rules';
  return [
    to('nat', 'OUTPUT', 'kubernetes service portals', CHAINS.services),
    to('nat', 'PREROUTING', 'kubernetes service portals', CHAINS.services),
    to('nat', 'POSTROUTING', 'kubernetes postrouting rules', CHAINS.postrouting),
    to('filter', 'FORWARD', 'kubernetes forwarding rules', CHAINS.forward),
    ...(traits.healthCheckRule ? [to('filter', 'INPUT', 'kubernetes health check rules', CHAINS.nodePort)] : []),
    ...(traits.firewallInFilter
      ? [to('filter', 'INPUT', firewall, CHAINS.proxyFirewall), to('filter', 'FORWARD', firewall, CHAINS.proxyFirewall)]
      : []),
    ...(traits.accessFilter ? [to('filter', 'INPUT', access, CHAINS.accessFilter)] : []),
    ...(traits.outFilter ? [to('filter', 'OUTPUT', access, CHAINS.outFilter)] : []),
  ];
}

/** A rule that is written only where its set has entries. */
interface SetRule {
  readonly set: SetName;
  readonly table: TableName;
  readonly from: string;
  readonly target: Statement;
  readonly directions: 'dst' | 'dst,dst' | 'dst,dst,src';
  readonly protocol?: string;
}

const MASQUERADE: Statement = { kind: 'masquerade' };

/** `ipsetWithIptablesChain`. */
function setRules({ traits }: IpvsContext): readonly SetRule[] {
  const make = (
    set: SetName,
    from: string,
    target: Statement,
    directions: SetRule['directions'] = 'dst,dst',
    table: TableName = 'nat',
    protocol?: string,
  ): SetRule => ({ set, from, target, directions, table, ...(protocol && { protocol }) });
  const ranges = (table: TableName, from: string, to: string) => [
    make('KUBE-LOAD-BALANCER-FW', from, jump(to), 'dst,dst', table),
    make('KUBE-LOAD-BALANCER-SOURCE-CIDR', to, RETURN, 'dst,dst,src', table),
    make('KUBE-LOAD-BALANCER-SOURCE-IP', to, RETURN, 'dst,dst,src', table),
  ];
  const mark = jump(CHAINS.markMasquerade);
  const nodePorts = (protocol: string, all: SetName, local: SetName, directions: 'dst' | 'dst,dst') => [
    make(local, CHAINS.nodePort, RETURN, directions, 'nat', protocol),
    make(all, CHAINS.nodePort, mark, directions, 'nat', protocol),
  ];
  return [
    make('KUBE-LOOP-BACK', CHAINS.postrouting, MASQUERADE, 'dst,dst,src'),
    make('KUBE-LOAD-BALANCER', CHAINS.services, jump(CHAINS.loadBalancer)),
    ...(traits.firewallInFilter ? [] : ranges('nat', CHAINS.loadBalancer, CHAINS.firewall)),
    make('KUBE-LOAD-BALANCER-LOCAL', CHAINS.loadBalancer, RETURN),
    ...nodePorts('tcp', 'KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP', 'dst'),
    ...nodePorts('udp', 'KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP', 'dst'),
    ...nodePorts('sctp', 'KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH', 'dst,dst'),
    ...(traits.firewallInFilter ? ranges('filter', CHAINS.proxyFirewall, CHAINS.sourceRanges) : []),
  ];
}

/** The rules of both tables, each in the order in which kube-proxy writes them. */
export interface FixedRules {
  readonly nat: readonly Rule[];
  readonly filter: readonly Rule[];
}

/**
 * All rules of kube-proxy on a node (`writeIptablesRules`).
 *
 * @param isEmpty whether a set has no entry: most rules are left out then
 * @param outRules the rules of KUBE-IPVS-OUT-FILTER, which Services add
 */
export function fixedRules(
  context: IpvsContext,
  isEmpty: (set: SetName) => boolean,
  outRules: readonly Rule[],
): FixedRules {
  const { family, traits, settings, detector } = context;
  const nat: Rule[] = [];
  const filter: Rule[] = [];
  const holds = (set: SetName, directions: string): Statement => ({
    kind: 'set',
    name: setName(set, family),
    directions: directions.split(',') as ('src' | 'dst')[],
  });
  const about = (set: SetName) => comment(setComment(set));
  const add = (table: Rule[], chain: string, ...statements: Statement[]) =>
    table.push(rule(chain, undefined, statements));

  if (traits.accessFilter) add(nat, CHAINS.services, source(family === 'IPv4' ? '127.0.0.0/8' : '::1/128'), RETURN);
  for (const { set, table, from, target, directions, protocol } of setRules(context)) {
    if (isEmpty(set)) continue;
    const only: Statement[] = protocol === undefined ? [] : [{ kind: 'protocol', protocol }];
    add(table === 'nat' ? nat : filter, from, ...only, about(set), holds(set, directions), target);
  }
  const mark = jump(CHAINS.markMasquerade);
  if (!isEmpty('KUBE-CLUSTER-IP')) {
    const set = 'KUBE-CLUSTER-IP';
    if (settings.masqueradeAll) add(nat, CHAINS.services, about(set), holds(set, 'dst,dst'), mark);
    else if (detector !== undefined)
      add(nat, CHAINS.services, about(set), holds(set, 'dst,dst'), detector.ifNotLocal, mark);
    // A process of the node that connects to an address of kube-ipvs0 has that very address for its source.
    else add(nat, CHAINS.services, about(set), holds(set, 'src,dst'), mark);
  }
  const externalIPs = (set: SetName) => {
    const bridged: Statement = { kind: 'physdev', isIn: { negated: true } };
    const notLocal: Statement = { kind: 'addrtype', source: { types: ['LOCAL'], negated: true } };
    add(nat, CHAINS.services, about(set), holds(set, 'dst,dst'), bridged, notLocal, ACCEPT);
    add(nat, CHAINS.services, about(set), holds(set, 'dst,dst'), TO_LOCAL, ACCEPT);
  };
  if (!isEmpty('KUBE-EXTERNAL-IP')) {
    add(nat, CHAINS.services, about('KUBE-EXTERNAL-IP'), holds('KUBE-EXTERNAL-IP', 'dst,dst'), mark);
    externalIPs('KUBE-EXTERNAL-IP');
  }
  if (!isEmpty('KUBE-EXTERNAL-IP-LOCAL')) externalIPs('KUBE-EXTERNAL-IP-LOCAL');
  add(nat, CHAINS.services, TO_LOCAL, jump(CHAINS.nodePort));
  add(nat, CHAINS.loadBalancer, mark);
  if (traits.firewallInFilter) add(filter, CHAINS.sourceRanges, DROP);
  else add(nat, CHAINS.firewall, jump(CHAINS.markDrop));
  filter.push(...outRules);
  for (const set of ['KUBE-CLUSTER-IP', 'KUBE-LOAD-BALANCER'] as const)
    if (!isEmpty(set)) add(nat, CHAINS.services, holds(set, 'dst,dst'), ACCEPT);
  addForward(filter, context);
  if (traits.healthCheckRule) {
    const set = 'KUBE-HEALTH-CHECK-NODE-PORT';
    add(filter, CHAINS.nodePort, about(set), holds(set, 'dst'), ACCEPT);
  }
  if (traits.accessFilter) {
    const passes: readonly (readonly [SetName, string])[] = [
      ['KUBE-LOAD-BALANCER', 'dst,dst'],
      ['KUBE-CLUSTER-IP', 'dst,dst'],
      ['KUBE-EXTERNAL-IP', 'dst,dst'],
      ...(traits.externalLocalAccess ? [['KUBE-EXTERNAL-IP-LOCAL', 'dst,dst'] as const] : []),
      ...(traits.healthCheckAccess ? [['KUBE-HEALTH-CHECK-NODE-PORT', 'dst'] as const] : []),
    ];
    for (const [set, directions] of passes) add(filter, CHAINS.accessFilter, holds(set, directions), RETURN);
    const isNew: Statement = { kind: 'conntrack', states: { values: ['NEW'] } };
    add(filter, CHAINS.accessFilter, isNew, holds('KUBE-IPVS-IPS', 'dst'), REJECT);
  }
  addMasquerade(nat, context);
  return { nat, filter };
}

function addForward(filter: Rule[], { settings, traits }: IpvsContext): void {
  const related: Statement = { kind: 'conntrack', states: { values: ['RELATED', 'ESTABLISHED'] } };
  const forward = (...statements: Statement[]) => filter.push(rule(CHAINS.forward, undefined, statements));
  forward(comment('kubernetes forwarding rules'), markMatch(settings.masqueradeBit, false), ACCEPT);
  const notes = traits.twoConntrackRules
    ? ['kubernetes forwarding conntrack pod source rule', 'kubernetes forwarding conntrack pod destination rule']
    : ['kubernetes forwarding conntrack rule'];
  for (const note of notes) forward(comment(note), related, ACCEPT);
}

function addMasquerade(nat: Rule[], { settings: { masqueradeBit, kernel } }: IpvsContext): void {
  const value = 2 ** masqueradeBit;
  const spelled = markText(masqueradeBit);
  const postrouting = (...statements: Statement[]) => nat.push(rule(CHAINS.postrouting, undefined, statements));
  postrouting(markMatch(masqueradeBit, true), RETURN);
  postrouting({ kind: 'set-mark', operation: 'xor', value, mask: 0, spelled });
  postrouting(comment('kubernetes service traffic requiring SNAT'), {
    kind: 'masquerade',
    ...(kernel.randomFully ? { randomFully: true } : {}),
  });
  nat.push(
    rule(CHAINS.markMasquerade, undefined, [{ kind: 'set-mark', operation: 'or', value, mask: value, spelled }]),
  );
}
