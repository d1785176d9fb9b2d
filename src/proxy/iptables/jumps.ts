import type { Statement } from '../../netfilter/iptables/statements.js';
import type { Hook, Rule } from '../../netfilter/ruleset.js';
import type { RenderContext } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { comment, jump, rule } from './rule-parts.js';

/** A rule in a built-in chain that leads to one of kube-proxy's. */
export interface ChainJump {
  readonly table: 'filter' | 'nat';
  readonly rule: Rule;
}

const NEW: Statement = { kind: 'conntrack', states: { values: ['NEW'] } };
const EXTERNAL = 'kubernetes externally-visible service portals';
const PORTALS = 'kubernetes service portals';
const FIREWALL = 'kubernetes load balancer firewall';

/**
 * The jumps of a proxier in the order in which it makes sure of them (`iptablesJumpChains`, and from 1.27
 * `iptablesKubeletJumpChains`). Each is put at the top of its chain, so that a chain ends up in reverse order.
 */
export function chainJumps(context: RenderContext): readonly ChainJump[] {
  const { traits } = context;
  const jumps: ChainJump[] = [];
  const add = (table: ChainJump['table'], from: Hook, to: string, ...matches: Statement[]) =>
    jumps.push({ table, rule: rule(from, undefined, [...matches, jump(to)]) });
  add('filter', 'INPUT', CHAINS.externalServices, NEW, comment(EXTERNAL));
  add('filter', 'FORWARD', CHAINS.externalServices, NEW, comment(EXTERNAL));
  if (traits.healthCheckRule) {
    add('filter', 'INPUT', CHAINS.nodePorts, comment('kubernetes health check service ports'));
  }
  add('filter', 'FORWARD', CHAINS.services, NEW, comment(PORTALS));
  add('filter', 'OUTPUT', CHAINS.services, NEW, comment(PORTALS));
  add('filter', 'FORWARD', CHAINS.forward, comment('kubernetes forwarding rules'));
  if (traits.layout === 'EXT_FILTER_DROP') {
    for (const hook of ['INPUT', 'OUTPUT', 'FORWARD'] as const) {
      add('filter', hook, CHAINS.proxyFirewall, NEW, comment(FIREWALL));
    }
  }
  add('nat', 'OUTPUT', CHAINS.services, comment(PORTALS));
  add('nat', 'PREROUTING', CHAINS.services, comment(PORTALS));
  add('nat', 'POSTROUTING', CHAINS.postrouting, comment('kubernetes postrouting rules'));
  // Whether or not the proxier writes a rule to KUBE-FIREWALL, and for IPv6 too.
  if (traits.martianRule) jumps.push(...firewallJumps(['INPUT', 'OUTPUT']));
  return jumps;
}

/** The jumps to KUBE-FIREWALL, which kubelet and, from 1.27, kube-proxy make sure of. */
export function firewallJumps(hooks: readonly Hook[]): readonly ChainJump[] {
  return hooks.map((hook) => ({ table: 'filter', rule: rule(hook, undefined, [jump(CHAINS.firewall)]) }));
}
