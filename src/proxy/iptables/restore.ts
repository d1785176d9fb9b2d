import { writeRule } from '../../netfilter/iptables/write.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { ServicePort } from '../service-port.js';
import { TextBuffer } from '../text-buffer.js';
import {
  filterChains,
  forwardRules,
  martianRule,
  masqueradeRules,
  NAT_CHAINS,
  nodePortTail,
  writesMartianRule,
} from './fixed-rules.js';
import type { PortRules, RenderContext } from './port-rules.js';

function chainLines(chains: readonly string[]): string {
  let text = '';
  for (const chain of chains) text += `:${chain} - [0:0]\n`;
  return text;
}

function ruleLines(rules: readonly Rule[]): string {
  let text = '';
  for (const rule of rules) text += `${writeRule(rule)}\n`;
  return text;
}

/**
 * The input that a proxier gives to `iptables-restore --noflush --counters` at its first full sync, in pieces: the
 * filter table, then the nat table, each with its chains first. Rules are held only while they are written.
 *
 * @param ports the Service ports to write, in order: all of them, or some
 * @param rulesOf the rules of one of them
 */
export function restorePieces(
  context: RenderContext,
  ports: readonly ServicePort[],
  rulesOf: (port: ServicePort) => PortRules,
): readonly Uint8Array[] {
  // kube-proxy too fills four buffers in one pass over the Services, and writes them one after the other.
  const filter = new TextBuffer();
  const natChains = new TextBuffer();
  const natRules = new TextBuffer();
  filter.write(`*filter\n${chainLines(filterChains(context))}`);
  if (writesMartianRule(context)) filter.write(ruleLines([martianRule()]));
  natChains.write(`*nat\n${chainLines(NAT_CHAINS)}`);
  natRules.write(ruleLines(masqueradeRules(context)));
  for (const port of ports) {
    const rules = rulesOf(port);
    if (rules.filterRules.length > 0) filter.write(ruleLines(rules.filterRules));
    natChains.write(chainLines(rules.natChains));
    natRules.write(ruleLines(rules.natRules));
  }
  filter.write(`${ruleLines(forwardRules(context))}COMMIT\n`);
  natRules.write(`${ruleLines(nodePortTail(context))}COMMIT\n`);
  return [...filter.pieces(), ...natChains.pieces(), ...natRules.pieces()];
}
