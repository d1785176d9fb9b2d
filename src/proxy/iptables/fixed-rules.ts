import type { Statement } from '../../netfilter/iptables/statements.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { RenderContext } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { ACCEPT, comment, DROP, destination, jump, RETURN, rule, source, TO_LOCAL } from './rule-parts.js';

/** The rules that a proxier writes whatever Services there are (pkg/proxy/iptables/proxier.go). */

/** A mark as kube-proxy spells it: `0x00004000`. */
export function markText(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(8, '0')}`;
}

export function markMatch(bit: number, negated: boolean): Statement {
  const value = 2 ** bit;
  const spelled = `${markText(bit)}/${markText(bit)}`;
  return { kind: 'mark', value, mask: value, spelled, ...(negated ? { negated } : {}) };
}

/** Whether this proxier writes kubelet's rule against foreign packets to 127.0.0.0/8 itself. */
export function writesMartianRule({ traits, nodePorts }: RenderContext): boolean {
  return traits.martianRule && nodePorts.localhost;
}

/** Drops what comes to 127.0.0.0/8 from elsewhere and is no reply: route_localnet would let it in. */
export function martianRule(): Rule {
  const loopback = '127.0.0.0/8';
  return rule(CHAINS.firewall, undefined, [
    comment('block incoming localnet connections'),
    destination(loopback),
    source(loopback, true),
    { kind: 'conntrack', states: { values: ['RELATED', 'ESTABLISHED', 'DNAT'], negated: true } },
    DROP,
  ]);
}

/** The chains that the restore input declares in the filter table, in order. */
export function filterChains(context: RenderContext): readonly string[] {
  const { traits } = context;
  return [
    CHAINS.services,
    CHAINS.externalServices,
    CHAINS.forward,
    ...(traits.healthCheckRule ? [CHAINS.nodePorts] : []),
    ...(traits.layout === 'EXT_FILTER_DROP' ? [CHAINS.proxyFirewall] : []),
    ...(writesMartianRule(context) ? [CHAINS.firewall] : []),
  ];
}

/** The chains that the restore input declares in the nat table before those of Services. */
export const NAT_CHAINS: readonly string[] = [
  CHAINS.services,
  CHAINS.nodePorts,
  CHAINS.postrouting,
  CHAINS.markMasquerade,
];

/** KUBE-FORWARD. */
export function forwardRules({ settings, traits }: RenderContext): readonly Rule[] {
  const { kernel, masqueradeBit } = settings;
  const forward = (...statements: Statement[]) => rule(CHAINS.forward, undefined, statements);
  const related: Statement = { kind: 'conntrack', states: { values: ['RELATED', 'ESTABLISHED'] } };
  const rules: Rule[] = [];
  if (!(traits.tcpBeLiberal && kernel.tcpBeLiberal)) {
    const counter = traits.nfacct && kernel.nfacct;
    rules.push(
      forward(
        { kind: 'conntrack', states: { values: ['INVALID'] } },
        ...(counter ? [{ kind: 'nfacct', name: 'ct_state_invalid_dropped_pkts' } as const] : []),
        DROP,
      ),
    );
  }
  rules.push(forward(comment('kubernetes forwarding rules'), markMatch(masqueradeBit, false), ACCEPT));
  const notes =
    traits.forwardConntrack === 'ONE'
      ? ['kubernetes forwarding conntrack rule']
      : ['kubernetes forwarding conntrack pod source rule', 'kubernetes forwarding conntrack pod destination rule'];
  for (const note of notes) rules.push(forward(comment(note), related, ACCEPT));
  return rules;
}

/**
 * KUBE-POSTROUTING and KUBE-MARK-MASQ: a mark set on the way in is cleared and turned into masquerade on the way out.
 */
export function masqueradeRules({ settings: { masqueradeBit, kernel } }: RenderContext): readonly Rule[] {
  const value = 2 ** masqueradeBit;
  const spelled = markText(masqueradeBit);
  const postrouting = (...statements: Statement[]) => rule(CHAINS.postrouting, undefined, statements);
  return [
    postrouting(markMatch(masqueradeBit, true), RETURN),
    postrouting({ kind: 'set-mark', operation: 'xor', value, mask: 0, spelled }),
    postrouting(comment('kubernetes service traffic requiring SNAT'), {
      kind: 'masquerade',
      ...(kernel.randomFully ? { randomFully: true } : {}),
    }),
    rule(CHAINS.markMasquerade, undefined, [{ kind: 'set-mark', operation: 'or', value, mask: value, spelled }]),
  ];
}

/** The last rules of KUBE-SERVICES: on to the node ports. */
export function nodePortTail({ family, nodePorts, traits }: RenderContext): readonly Rule[] {
  const note = comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain');
  const target = jump(CHAINS.nodePorts);
  const tail = (...statements: Statement[]) => rule(CHAINS.services, undefined, [note, ...statements, target]);
  const guarded = traits.guardsLoopback && !nodePorts.localhost;
  if (nodePorts.addresses === undefined) {
    const loopback = family === 'IPv4' ? '127.0.0.0/8' : '::1/128';
    return [guarded ? tail(TO_LOCAL, destination(loopback, true)) : tail(TO_LOCAL)];
  }
  const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');
  return nodePorts.addresses
    .filter((address) => !(guarded && isLoopback(address)))
    .map((address) => tail(destination(address)));
}
