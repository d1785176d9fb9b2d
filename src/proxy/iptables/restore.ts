import { writeRule } from '../../netfilter/iptables/write.js';
import type { Rule } from '../../netfilter/ruleset.js';
import { KeptBytes } from '../kept-ports.js';
import type { EndpointSelection, ServicePort } from '../service-port.js';
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
import { contextKeys, keepWritten, writtenBefore } from './written-ports.js';

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
 * @param selectionOf the endpoints that are chosen for one of them
 * @param rulesOf the rules of one of them
 */
export function restorePieces(
  context: RenderContext,
  ports: readonly ServicePort[],
  selectionOf: (port: ServicePort) => EndpointSelection,
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
  const keyOf = contextKeys(context);
  const together = new KeptBytes();
  for (const port of ports) {
    const selection = selectionOf(port);
    const key = keyOf(port);
    const before = writtenBefore(port, selection, key);
    if (before !== undefined) {
      filter.add(before.filterRules);
      natChains.add(before.natChains);
      natRules.add(before.natRules);
      continue;
    }
    const rules = rulesOf(port);
    const written = {
      filterRules: filter.block(ruleLines(rules.filterRules)),
      natChains: natChains.block(chainLines(rules.natChains)),
      natRules: natRules.block(ruleLines(rules.natRules)),
    };
    keepWritten(port, selection, key, written, together);
  }
  filter.write(`${ruleLines(forwardRules(context))}COMMIT\n`);
  natRules.write(`${ruleLines(nodePortTail(context))}COMMIT\n`);
  return [...filter.pieces(), ...natChains.pieces(), ...natRules.pieces()];
}
