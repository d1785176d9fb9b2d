/** Recorded states of nodes, loaded whole into a kernel: what its tools print then is what `chains` prints. */
import { savedSet } from '../../../src/netfilter/ipset-text.js';
import { printedTables, saveRule, saveRuleset } from '../../../src/netfilter/iptables/save.js';
import { LISTING_HEAD, listedServer, printedServers, savedServer } from '../../../src/netfilter/ipvs/save.js';
import type { Ruleset } from '../../../src/netfilter/ruleset.js';
import { IpvsProgram } from '../../../src/proxy/ipvs/program.js';
import { goldenCases } from '../../support/golden.js';
import { ALL } from '../parameters.js';
import { namespaceOf, type PlantOptions } from '../plant/layout.js';

/** A recording, the scenario that loads it, and what the tools are to print. */
export interface Loaded {
  readonly name: string;
  readonly scenario: unknown;
  readonly expected: readonly string[];
}

/** Of so many recordings one is loaded; KERNEL_ALL=1: every one. */
const EVERY = 83;

/** Every chain, and the rules of those that hooks call: what is there before kube-proxy writes. */
function beforehand(ruleset: Ruleset): string {
  let text = '';
  for (const table of printedTables(ruleset, 'NFT')) {
    text += `*${table.name}\n`;
    for (const chain of table.chains()) text += `:${chain.name} ${chain.base?.policy ?? '-'} [0:0]\n`;
    for (const { rules } of table.baseChains) for (const rule of rules) text += `${saveRule(rule, ruleset.family)}\n`;
    text += 'COMMIT\n';
  }
  return text;
}

/** What `iptables-save` prints, without its comments and counters. */
export function canonicalRules(text: string): string {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]$/, '[0:0]'))
    .join('\n');
}

/** Recordings to be loaded, a sample of all versions and families. */
export function recordings(options: PlantOptions): readonly Loaded[] {
  const space = namespaceOf(options, 'node-1');
  const found: Loaded[] = [];
  let count = 0;
  for (const golden of goldenCases('ipvs')) {
    for (const { name, text, version, family } of golden.outputs) {
      const node = golden.cluster.nodes.get(golden.node);
      if (node === undefined || (!ALL && count++ % EVERY !== 0)) continue;
      const program = new IpvsProgram({
        cluster: golden.cluster,
        node,
        family,
        settings: golden.settings(version, 'ipvs'),
      });
      const recorded = JSON.parse(text) as { readonly iptables: string };
      const ruleset = program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT' });
      const tool = family === 'IPv4' ? 'iptables-legacy' : 'ip6tables-legacy';
      const step = (command: readonly string[], input?: string) => ({ space, command, ...(input && { input }) });
      const sets = program.namedSets.map((set) => savedSet(set, family)).join('');
      const servers = printedServers(program.virtualServers());
      found.push({
        name: `${golden.name}/${name}`,
        scenario: {
          before: [
            step([`${tool}-restore`], '*filter\nCOMMIT\n*nat\nCOMMIT\n'),
            step(['ipvsadm', '-C']),
            step(['ipset', 'restore', '-exist'], sets.replaceAll(/^(create (\S+) .*)$/gm, '$1\nflush $2')),
            step([`${tool}-restore`], beforehand(ruleset)),
            step([`${tool}-restore`, '--noflush', '--counters'], recorded.iptables),
            ...(servers.length === 0 ? [] : [step(['ipvsadm', '-R'], servers.map(savedServer).join(''))]),
          ],
          flows: [
            step([`${tool}-save`, '-t', 'nat']),
            step([`${tool}-save`, '-t', 'filter']),
            step(['ipvsadm', '-S', '-n']),
            step(['ipvsadm', '-Ln']),
          ],
        },
        expected: [
          ...['nat', 'filter'].map((table) =>
            canonicalRules(
              saveRuleset({ ...ruleset, tables: ruleset.tables.filter((one) => one.name === table) }, 'LEGACY'),
            ),
          ),
          servers.map(savedServer).join(''),
          LISTING_HEAD + servers.map(listedServer).join(''),
        ],
      });
    }
  }
  return found;
}
