/** The transaction of every case is loaded by the real nft, and what it lists then is our listing. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { decodeUtf8 } from '#platform';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';
import { goldenCases } from '../support/golden.js';

/** Runs nft in a network namespace of its own: loads the text, then lists what is there. */
function loaded(transaction: string): {
  readonly status: number | null;
  readonly text: string;
  readonly error: string;
} {
  const script = 'nft -f - && nft -s list ruleset';
  const { status, stdout, stderr, error } = spawnSync('unshare', ['-rn', 'sh', '-c', script], { input: transaction });
  return { status, text: String(stdout ?? ''), error: error?.message ?? String(stderr ?? '') };
}

const probe = loaded('add table ip probe\n');
const skip = probe.status === 0 ? false : `nft does not work in a network namespace here: ${probe.error.slice(0, 120)}`;

t.test('nft loads what kube-proxy gives it, and lists it as we do', { skip }, async (t) => {
  let compared = 0;
  for (const golden of goldenCases('nftables-tx')) {
    const node = golden.cluster.nodes.get(golden.node);
    if (node === undefined) throw new Error(`${golden.name} has no node`);
    for (const { name, family, version } of golden.outputs) {
      const settings = golden.settings(version, 'nftables');
      const program = new NftablesProgram({ cluster: golden.cluster, node, family, settings });
      const transaction = program.transactionPieces().map(decodeUtf8).join('');
      // Before 1.33.6 interfaces are named by number, which nft takes only where the interface is there.
      if (/ iif (?!lo)/.test(transaction)) continue;
      const { status, text, error } = loaded(transaction);
      if (status !== 0) t.fail(`${golden.name}/${name}: ${error.slice(0, 300)}`);
      else if (text !== program.listing()) t.equal(program.listing(), text, `${golden.name}/${name}`);
      compared++;
    }
  }
  t.ok(compared > 200, `${compared} compared`);
});
