/**
 * Rules survive the kernel: what kube-proxy writes for the recorded clusters goes through iptables-restore, and what
 * iptables-save and iptables -L then show is what `chains` shows as SAVE and LIST. The evaluator, given what
 * iptables-save really shows, finds the same paths as in the rendered rules.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import type { NodeProxySettings } from '../../src/cluster/settings.js';
import { listTable } from '../../src/netfilter/iptables/list.js';
import { saveRuleset } from '../../src/netfilter/iptables/save.js';
import type { Ruleset } from '../../src/netfilter/ruleset.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { ask } from '../../src/questions/ask.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { unlikeSaved } from './examine.js';
import { goldenQuestions, overrideOf } from './golden-paths.js';
import { ALL, TIMEOUT } from './parameters.js';
import { Agent } from './plant/agent.js';
import { loadable } from './rules.js';
import { type Flavour, flavours, iptablesVersion, restoreCommand, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

/** In a normal run every recorded cluster is loaded once, in these versions by turns. KERNEL_ALL=1: in all. */
const VERSIONS = [20, 23, 24, 30, 36];
/** How `-L -n` spells protocols changed with 1.8.9 and again with 1.8.11. */
const LISTS_LIKE_OURS = ['1.8.9', '1.8.10'].includes(iptablesVersion() ?? '');

interface Recording {
  readonly name: string;
  readonly family: IPFamily;
  readonly flavour: Flavour;
  readonly ruleset: Ruleset;
  readonly restore: string;
  readonly golden: GoldenCase;
  readonly settings: NodeProxySettings;
}

/**
 * The recordings to load, those with the same rules once. Rules with nfacct need objects that are not iptables' own.
 */
function* recordings(flavour: Flavour): Generator<Recording> {
  const loaded = new Set<string>();
  for (const [index, golden] of goldenCases('iptables').entries()) {
    const node = golden.cluster.nodes.get(golden.node);
    if (node === undefined) throw new Error(`${golden.name} has no node ${golden.node}`);
    const recorded = golden.outputs.filter(({ name }) => !name.includes('nfacct'));
    const usual = recorded.filter(({ version }) => VERSIONS.includes(version.minor));
    const from = usual.length > 0 ? usual : recorded;
    // The two flavours take different ones where there are several.
    const sample = from.slice((index + (flavour === 'NFT' ? 0 : 1)) % from.length).slice(0, 1);
    for (const { family, version, name } of ALL ? recorded : sample) {
      const settings = golden.settings(version, 'iptables');
      const program = iptablesProgram({ cluster: golden.cluster, node, family, settings });
      const ruleset = program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT' });
      const restore = program.restore();
      const key = `${family} ${loadable(ruleset, restore)}`;
      if (loaded.has(key)) continue;
      loaded.add(key);
      yield { name: `${golden.name}/${name}`, family, flavour, ruleset, restore, golden, settings };
    }
  }
}

const withoutComments = (text: string) => text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '[0:0]');

/** The first line in which two texts differ, of either. */
function difference(shown: string, said: string): string | undefined {
  if (shown === said) return undefined;
  const theirs = shown.split('\n');
  const ours = said.split('\n');
  const at = theirs.findIndex((line, index) => line !== ours[index]);
  return `line ${at + 1}: the kernel shows ${JSON.stringify(theirs[at])}, chains says ${JSON.stringify(ours[at])}`;
}

/** The same paths from rendered rules and from what iptables-save shows; the first difference. */
function differentPath(
  { golden, family, settings: given }: Recording,
  save: string,
  counts: Counts,
): string | undefined {
  const { cluster, node } = golden;
  const snapshot = { cluster, digest: '', counts: {}, newestTimestamp: undefined, assumptions: [] };
  const settings = overrideOf(given);
  for (const path of goldenQuestions(golden, family)) {
    const { result } = ask('path', { path, settings }, snapshot);
    const { result: parsed } = ask('path', { path: { ...path, iptablesSave: { [node]: save } }, settings }, snapshot);
    counts.saves++;
    const unlike = unlikeSaved(result, parsed, true);
    if (unlike !== undefined) return `${JSON.stringify(path)}: ${unlike}`;
  }
  return undefined;
}

/** What a user namespace's root may send the kernel at once has a limit, which thousands of rules are beyond. */
const TOO_LARGE = /Message too long/;

/** Whether this process's root is not the machine's: ids are mapped in pieces. */
function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

interface Counts {
  /** Recordings that cannot be loaded here. */
  tooLarge: number;
  texts: number;
  saves: number;
}

/** Compares what the kernel shows of one recording; `counts`: what is compared. */
async function check(agent: Agent, counts: Counts, recording: Recording): Promise<string | undefined> {
  const { family, flavour, ruleset, restore } = recording;
  const command = restoreCommand(flavour, family);
  const wait = flavour === 'LEGACY' ? ['--wait'] : [];
  const loaded = await agent.run([command, '--noflush', '--counters', ...wait], loadable(ruleset, restore));
  if (TOO_LARGE.test(loaded.stderr) && process.getuid?.() === 0 && inUserNamespace()) {
    counts.tooLarge++;
    return undefined;
  }
  if (loaded.status !== 0) return `it cannot be loaded: ${loaded.stderr}`;
  const save = await agent.must([command.replace('restore', 'save')]);
  counts.texts++;
  const wrong =
    difference(withoutComments(save), saveRuleset(ruleset, flavour)) ?? differentPath(recording, save, counts);
  if (wrong !== undefined || !LISTS_LIKE_OURS) return wrong;
  for (const table of ruleset.tables) {
    const list = [command.replace('-restore', ''), '-t', table.name, '-L', '-n'];
    const unlike = difference(await agent.must(list), listTable(table, family));
    counts.texts++;
    if (unlike !== undefined) return `${table.name} as a list, ${unlike}`;
  }
  return undefined;
}

t.setTimeout(TIMEOUT);
for (const flavour of flavours()) {
  t.test(`what the kernel shows of the rules, ${flavour}`, { timeout: TIMEOUT }, async (t) => {
    const namespace = `save-${flavour}`;
    spawnSync('ip', ['netns', 'add', namespace]);
    const agent = new Agent(namespace, flavour);
    const counts = { tooLarge: 0, texts: 0, saves: 0 };
    let cases = 0;
    const wrong: string[] = [];
    try {
      for (const recording of recordings(flavour)) {
        cases++;
        const difference = await check(agent, counts, recording);
        if (difference !== undefined) wrong.push(`${recording.name}: ${difference}`);
      }
    } finally {
      await agent.close();
    }
    t.same(wrong, [], 'no differences');
    const { tooLarge, texts, saves } = counts;
    if (tooLarge > 0) t.comment(`${tooLarge} recordings are too large to be loaded in a user namespace`);
    t.ok(cases > 20, `${cases} recordings`);
    t.comment(tell({ test: `save ${flavour}`, cases: cases - tooLarge, texts, saves, disagreements: wrong.length }));
    t.comment(versions());
  });
}
