import t, { type Test } from 'tap';
import { decodeUtf8 } from '#platform';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';
import type { GoldenCase, GoldenOutput } from '../support/golden.js';
import { goldenCases } from '../support/golden.js';

function programFor(golden: GoldenCase, { family, version }: GoldenOutput) {
  const node = golden.cluster.nodes.get(golden.node);
  if (node === undefined) throw new Error(`${golden.name} has no node ${golden.node}`);
  return new NftablesProgram({ cluster: golden.cluster, node, family, settings: golden.settings(version, 'nftables') });
}

function compare(t: Test, archive: string, versions: number, made: (program: NftablesProgram) => string) {
  const byVersion = new Map<number, { passed: number; failed: string[] }>();
  for (const golden of goldenCases(archive)) {
    for (const output of golden.outputs) {
      const count = byVersion.get(output.version.minor) ?? { passed: 0, failed: [] };
      byVersion.set(output.version.minor, count);
      const text = made(programFor(golden, output));
      if (text === output.text) count.passed++;
      else {
        count.failed.push(`${golden.name}/${output.name}`);
        if (count.failed.length === 1) t.equal(text, output.text, `${golden.name}/${output.name}`);
      }
    }
  }
  t.equal(byVersion.size, versions, `recordings of ${versions} versions`);
  for (const [minor, { passed, failed }] of [...byVersion].sort(([a], [b]) => a - b)) {
    t.same(failed, [], `1.${minor}: ${passed} of ${passed + failed.length}`);
  }
}

t.test('what is loaded is what the real kube-proxy loads, byte for byte', async (t) => {
  compare(t, 'nftables', 8, (program) => program.restore());
});

t.test('the transaction is that of the real kube-proxy, byte for byte', async (t) => {
  compare(t, 'nftables-tx', 2, (program) => program.transactionPieces().map(decodeUtf8).join(''));
});

t.test('a listing is what nft shows after the transaction is loaded', async (t) => {
  compare(t, 'nft-list', 2, (program) => program.listing());
});
