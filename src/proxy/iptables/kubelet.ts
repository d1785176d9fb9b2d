import type { Rule } from '../../netfilter/ruleset.js';
import { markText, martianRule } from './fixed-rules.js';
import type { ChainJump } from './jumps.js';
import { firewallJumps } from './jumps.js';
import type { RenderContext } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { comment, DROP, rule } from './rule-parts.js';

/** kubelet's default --iptables-drop-bit. */
const DROP_BIT = 15;

/** What kubelet adds beside kube-proxy. Chains and rules that both write are the proxier's here. */
export interface KubeletRules {
  readonly filterChains: readonly string[];
  readonly natChains: readonly string[];
  readonly filterRules: readonly Rule[];
  readonly natRules: readonly Rule[];
  /** In the order in which kubelet makes sure of them; it has done so before kube-proxy starts. */
  readonly jumps: readonly ChainJump[];
}

/**
 * kubelet's rules (pkg/kubelet/kubelet_network_linux.go): up to 1.26 KUBE-MARK-DROP with the KUBE-FIREWALL rule that
 * drops what is marked, and on IPv4 the rule against foreign packets to loopback; from 1.27 (gate
 * IPTablesOwnershipCleanup) only the latter.
 */
export function kubeletRules(context: RenderContext): KubeletRules {
  const { settings, family } = context;
  const { minor } = settings.version;
  const ownsDrop = minor < 25 || (minor < 28 && !(settings.featureGates.IPTablesOwnershipCleanup ?? minor >= 27));
  const martian = family === 'IPv4' ? [martianRule()] : [];
  const value = 2 ** DROP_BIT;
  const spelled = `${markText(DROP_BIT)}/${markText(DROP_BIT)}`;
  const dropRules = ownsDrop
    ? [
        rule(CHAINS.firewall, undefined, [
          comment('kubernetes firewall for dropping marked packets'),
          { kind: 'mark', value, mask: value, spelled },
          DROP,
        ]),
      ]
    : [];
  const filterRules = [...dropRules, ...martian];
  return {
    filterChains: filterRules.length > 0 ? [CHAINS.firewall] : [],
    natChains: ownsDrop ? [CHAINS.markDrop] : [],
    filterRules,
    natRules: ownsDrop
      ? [
          rule(CHAINS.markDrop, undefined, [
            { kind: 'set-mark', operation: 'or', value, mask: value, spelled: markText(DROP_BIT) },
          ]),
        ]
      : [],
    jumps: filterRules.length > 0 ? firewallJumps(['OUTPUT', 'INPUT']) : [],
  };
}
