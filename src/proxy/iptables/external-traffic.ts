import type { PortRulesWriter } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { comment, FROM_LOCAL, jump } from './rule-parts.js';

/**
 * The rules of a KUBE-EXT chain (1.24): masquerade what may cross nodes; under an external policy Local let pods and
 * this host reach every endpoint; then on to the policy's chain, unless there is nothing to be reached.
 */
export function writeExternalTrafficRules(out: PortRulesWriter, reachesPolicyChain: boolean): void {
  const { external, cluster, local } = out.names;
  const { id, externalPolicyLocal } = out.port;
  const { detector } = out.context;
  const mark = jump(CHAINS.markMasquerade);
  if (!externalPolicyLocal) {
    out.nat(external, comment(`masquerade traffic for ${id} external destinations`), mark);
  } else {
    if (detector !== undefined) {
      const pods = comment(`pod traffic for ${id} external destinations`);
      out.nat(external, pods, detector.ifLocal, jump(cluster));
    }
    out.nat(external, comment(`masquerade LOCAL traffic for ${id} external destinations`), FROM_LOCAL, mark);
    out.nat(external, comment(`route LOCAL traffic for ${id} external destinations`), FROM_LOCAL, jump(cluster));
  }
  if (reachesPolicyChain) out.nat(external, jump(externalPolicyLocal ? local : cluster));
}
