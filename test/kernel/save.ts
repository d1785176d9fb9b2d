/**
 * Rules survive the kernel: what kube-proxy writes for the recorded clusters goes through iptables-restore, and what
 * iptables-save and iptables -L then show is what `chains` shows as SAVE and LIST.
 */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { listTable } from '../../src/netfilter/iptables/list.js';
import { saveRuleset } from '../../src/netfilter/iptables/save.js';
import type { Ruleset } from '../../src/netfilter/ruleset.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { goldenCases } from '../support/golden.js';
import { ALL, TIMEOUT } from './parameters.js';
import { Agent } from './plant/agent.js';
import { loadable } from './rules.js';
import { type Flavour, flavours, iptablesVersion, restoreCommand, versions } from './sandbox/missing.js';
import { tell } from './tally.js';

/** Sampled in a normal run: one of each layout and the newest. KERNEL_ALL=1: all. */
const VERSIONS = [20, 24, 30, 36];
const EVERY = 5;
/** How `-L -n` spells protocols changed with 1.8.9 and again with 1.8.11. */
const LISTS_LIKE_OURS = ['1.8.9', '1.8.10'].includes(iptablesVersion() ?? '');

interface Recording {
  readonly name: string;
  readonly family: IPFamily;
  readonly flavour: Flavour;
  readonly ruleset: Ruleset;
  readonly restore: string;
}

/** The recordings to load, those with the same rules once. Rules with nfacct need objects that are not iptables' own. */
function* recordings(flavour: Flavour): Generator<Recording> {
  const loaded = new Set<string>();
  let count = 0;
  for (const golden of goldenCases('iptables')) {
    const node = golden.cluster.nodes.get(golden.node);
    if (node === undefined) throw new Error(`${golden.name} has no node ${golden.node}`);
    for (const { family, version, name } of golden.outputs) {
      if (name.includes('nfacct')) continue;
      if (!ALL && (!VERSIONS.includes(version.minor) || count++ % EVERY !== 0)) continue;
      const settings = golden.settings(version, 'iptables');
      const program = iptablesProgram({ cluster: golden.cluster, node, family, settings });
      const ruleset = program.ruleset({ kubelet: false, forwardPolicy: 'ACCEPT' });
      const restore = program.restore();
      const key = `${family} ${loadable(ruleset, restore)}`;
      if (loaded.has(key)) continue;
      loaded.add(key);
      yield { name: `${golden.name}/${name}`, family, flavour, ruleset, restore };
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

/** Compares what the kernel shows of one recording; `texts` counts what is compared. */
async function check(
  agent: Agent,
  texts: { count: number },
  { family, flavour, ruleset, restore }: Recording,
): Promise<string | undefined> {
  const command = restoreCommand(flavour, family);
  const wait = flavour === 'LEGACY' ? ['--wait'] : [];
  await agent.must([command, '--noflush', '--counters', ...wait], loadable(ruleset, restore));
  const saved = withoutComments(await agent.must([command.replace('restore', 'save')]));
  texts.count++;
  const wrong = difference(saved, saveRuleset(ruleset, flavour));
  if (wrong !== undefined || !LISTS_LIKE_OURS) return wrong;
  for (const table of ruleset.tables) {
    const list = [command.replace('-restore', ''), '-t', table.name, '-L', '-n'];
    const unlike = difference(await agent.must(list), listTable(table, family));
    texts.count++;
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
    const texts = { count: 0 };
    let cases = 0;
    const wrong: string[] = [];
    for (const recording of recordings(flavour)) {
      cases++;
      const difference = await check(agent, texts, recording);
      if (difference !== undefined) wrong.push(`${recording.name}: ${difference}`);
    }
    await agent.close();
    t.same(wrong, [], 'no differences');
    t.ok(cases > 20, `${cases} recordings`);
    t.comment(tell({ test: `save ${flavour}`, cases, texts: texts.count, disagreements: wrong.length }));
    t.comment(versions());
  });
}
