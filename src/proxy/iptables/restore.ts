import { writeRule } from '../../netfilter/iptables/write.js';
import type { Rule } from '../../netfilter/ruleset.js';
import type { ServicePort } from '../service-port.js';
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
  for (const each of rules) text += `${writeRule(each)}\n`;
  return text;
}

/** How many characters are gathered before a piece is handed on. */
const PIECE = 1 << 16;

/**
 * The input that a proxier gives to `iptables-restore --noflush --counters` at its first full sync, in pieces: the
 * filter table, then the nat table, each with its chains first. Only the pieces of one table's Services are held at a time,
 * and rules only while they are written.
 *
 * @param ports the Service ports to write, in order: all of them, or some
 * @param rulesOf the rules of one of them
 */
export function* restorePieces(
  context: RenderContext,
  ports: readonly ServicePort[],
  rulesOf: (port: ServicePort) => PortRules,
): Generator<string> {
  let filter = `*filter\n${chainLines(filterChains(context))}`;
  if (writesMartianRule(context)) filter += ruleLines([martianRule()]);
  let nat = `*nat\n${chainLines(NAT_CHAINS)}`;
  // kube-proxy fills four buffers in one pass over the Services, and writes them one after the other.
  const natRules: string[] = [];
  let gathered = ruleLines(masqueradeRules(context));
  for (const port of ports) {
    const rules = rulesOf(port);
    if (rules.filterRules.length > 0) filter += ruleLines(rules.filterRules);
    nat += chainLines(rules.natChains);
    gathered += ruleLines(rules.natRules);
    if (gathered.length > PIECE) {
      natRules.push(gathered);
      gathered = '';
    }
  }
  yield `${filter + ruleLines(forwardRules(context))}COMMIT\n`;
  yield nat;
  yield* natRules;
  yield `${gathered + ruleLines(nodePortTail(context))}COMMIT\n`;
}
