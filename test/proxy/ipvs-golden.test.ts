import t from 'tap';
import type { VirtualServer } from '../../src/netfilter/ipvs/types.js';
import { IpvsProgram, listedRealServers } from '../../src/proxy/ipvs/program.js';
import type { GoldenCase, GoldenOutput } from '../support/golden.js';
import { goldenCases } from '../support/golden.js';

function programFor(golden: GoldenCase, { family, version }: GoldenOutput) {
  const node = golden.cluster.nodes.get(golden.node);
  if (node === undefined) throw new Error(`${golden.name} has no node ${golden.node}`);
  return new IpvsProgram({ cluster: golden.cluster, node, family, settings: golden.settings(version, 'ipvs') });
}

/** The state of a node as it is recorded. */
function stateOf(program: IpvsProgram) {
  return {
    boundAddresses: [...program.boundAddresses.keys()],
    ipsets: Object.fromEntries(program.namedSets.map(({ name, entries }) => [name, entries.map(({ text }) => text)])),
    iptables: program.restore(),
    virtualServers: program.virtualServers().map(({ origin: _, wantsLocal: __, ...server }) => ({
      ...server,
      realServers: listedRealServers(server as VirtualServer),
    })),
  };
}

t.test('a node carries what the real kube-proxy gives it', async (t) => {
  const byVersion = new Map<number, { passed: number; failed: string[] }>();
  let reported = 0;
  for (const golden of goldenCases('ipvs')) {
    for (const output of golden.outputs) {
      const count = byVersion.get(output.version.minor) ?? { passed: 0, failed: [] };
      byVersion.set(output.version.minor, count);
      const recorded = JSON.parse(output.text);
      const state = stateOf(programFor(golden, output));
      if (JSON.stringify(state) === JSON.stringify(recorded)) count.passed++;
      else {
        count.failed.push(`${golden.name}/${output.name}`);
        if (reported++ < 3) t.same(state, recorded, `${golden.name}/${output.name}`);
      }
    }
  }
  t.equal(byVersion.size, 17, 'recordings of 17 versions');
  for (const [minor, { passed, failed }] of [...byVersion].sort(([a], [b]) => a - b)) {
    t.same(failed, [], `1.${minor}: ${passed} of ${passed + failed.length}`);
  }
});
