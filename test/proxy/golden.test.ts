import t from 'tap';
import { saveRuleset } from '../../src/netfilter/iptables/save.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import { chainJumps } from '../../src/proxy/iptables/jumps.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import type { GoldenCase, GoldenOutput } from '../support/golden.js';
import { ensuredRules, goldenCases } from '../support/golden.js';

function programFor(golden: GoldenCase, { family, version, name }: GoldenOutput) {
  const node = golden.cluster.nodes.get(golden.node);
  if (node === undefined) throw new Error(`${golden.name} has no node ${golden.node}`);
  const settings = golden.settings(version, 'iptables', name.includes('nfacct'));
  return iptablesProgram({ cluster: golden.cluster, node, family, settings });
}

t.test('the restore input is that of the real kube-proxy, byte for byte', async (t) => {
  const byVersion = new Map<number, { passed: number; failed: string[] }>();
  for (const golden of goldenCases('iptables')) {
    for (const output of golden.outputs) {
      const count = byVersion.get(output.version.minor) ?? { passed: 0, failed: [] };
      byVersion.set(output.version.minor, count);
      const text = programFor(golden, output).restore();
      if (text === output.text) count.passed++;
      else {
        count.failed.push(`${golden.name}/${output.name}`);
        if (count.failed.length === 1) t.equal(text, output.text, `${golden.name}/${output.name}`);
      }
    }
  }
  t.equal(byVersion.size, 17, 'recordings of 17 versions');
  for (const [minor, { passed, failed }] of [...byVersion].sort(([a], [b]) => a - b)) {
    t.same(failed, [], `1.${minor}: ${passed} of ${passed + failed.length}`);
  }
});

t.test('the ruleset of a node without kubelet saves as the kernel shows it', async (t) => {
  let compared = 0;
  for (const golden of goldenCases('iptables-save')) {
    for (const output of golden.outputs) {
      const ruleset = programFor(golden, output).ruleset({ kubelet: false, forwardPolicy: 'ACCEPT' });
      const text = saveRuleset(ruleset, output.name.includes('legacy') ? 'LEGACY' : 'NFT');
      if (text !== output.text) t.equal(text, output.text, `${golden.name}/${output.name}`);
      compared++;
    }
  }
  t.equal(compared, 78, 'recordings compared');
});

t.test('jumps are made in the order of the real kube-proxy', async (t) => {
  const golden = goldenCases('iptables-save')[0] as GoldenCase;
  for (const output of ensuredRules()) {
    const recorded = output.text.split('\n').filter((line) => line.startsWith('ensure-rule'));
    const made = chainJumps(programFor(golden, output).context).map(
      ({ table, rule }) => `ensure-rule -t ${table} ${writeRule(rule).replace('-A', '-I')}`,
    );
    // The two tables are apart, so only the order within each tells.
    for (const table of ['filter', 'nat']) {
      const of = (lines: readonly string[]) => lines.filter((line) => line.startsWith(`ensure-rule -t ${table} `));
      t.same(of(made), of(recorded), `${output.name} ${table}`);
    }
  }
});
