/** What is kept of rules that were written is what would be written anew. */
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { SETTINGS } from '../../bench/proxy-settings.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Node, Service } from '../../src/cluster/objects.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { NodeProxySettings } from '../../src/cluster/settings.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { IpvsProgram } from '../../src/proxy/ipvs/program.js';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';

const bytes = Buffer.from(JSON.stringify(generateSnapshot({ services: 60, endpointsPerService: 4, nodes: 5 })));

/** The same cluster each time, which nothing is kept of yet. */
const fresh = (): Cluster => readSnapshot({ bytes }).cluster;

/** Some Services keep to their node, so that nodes differ, and the eighth one takes clients of one node. */
function edited(cluster: Cluster, count: number): Cluster {
  const services = [...cluster.services.entries()].slice(0, count).map(([key, service], index): [string, Service] => {
    const own = index === 7 ? { loadBalancerSourceRanges: ['172.18.0.1/32'] } : { internalTrafficPolicy: 'Local' };
    return [key, { ...service, spec: { ...service.spec, ...own } }];
  });
  return cluster.with({ services: new Map(services) });
}

const variants: readonly (readonly [string, NodeProxySettings])[] = [
  ['1.36', { ...SETTINGS, version: { major: 1, minor: 36, patch: 0 } }],
  ['1.30', SETTINGS],
  ['1.30, all masqueraded', { ...SETTINGS, masqueradeAll: true }],
  ['1.24', { ...SETTINGS, version: { major: 1, minor: 24, patch: 0 } }],
];

function text(mode: NodeProxySettings['mode'], cluster: Cluster, node: string, settings: NodeProxySettings): string {
  const own = { ...settings, mode };
  const input = { cluster, node: cluster.nodes.get(node) as Node, family: 'IPv4', settings: own } as const;
  if (mode === 'iptables') return iptablesProgram({ ...input, settings }).restore();
  if (mode === 'nftables') return new NftablesProgram({ ...input, settings }).restore();
  const program = new IpvsProgram({ ...input, settings });
  return `${program.restore()}${program.stateText()}`;
}

for (const mode of ['iptables', 'nftables', 'ipvs'] as const) {
  t.test(`mode ${mode}`, async (tt) => {
    const base = fresh();
    const kept = [0, 7, 8].map((count) => edited(base, count));
    // Twice: the second time everything has been written once.
    for (const round of ['first', 'again']) {
      for (const [index, count] of [0, 7, 8].entries()) {
        for (const [name, settings] of mode === 'nftables' ? variants.slice(0, 1) : variants) {
          // One node after the other: the second meets what is kept of the first.
          for (const node of ['node-1', 'node-2']) {
            const expected = text(mode, edited(fresh(), count), node, settings);
            const written = text(mode, kept[index] as Cluster, node, settings);
            tt.ok(written === expected, `${round}, ${count} edited, ${node}, ${name}`);
          }
        }
      }
    }
  });
}
