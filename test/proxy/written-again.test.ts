/** What is kept of rules that were written is what would be written anew. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { SETTINGS } from '../../bench/proxy-settings.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { EndpointSlice, Node, Service } from '../../src/cluster/objects.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { NodeProxySettings } from '../../src/cluster/settings.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { IpvsProgram } from '../../src/proxy/ipvs/program.js';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';
import { runs } from '../support/runs.js';

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

/** The versions in which what is written of nftables differs. */
const NFTABLES = [29, 30, 31, 33, 36].map((minor): readonly [string, NodeProxySettings] => [
  `1.${minor}`,
  { ...SETTINGS, version: { major: 1, minor, patch: 0 } },
]);

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
        for (const [name, settings] of mode === 'nftables' ? NFTABLES : variants) {
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

/** One change of one Service: what it is, and how. */
const edits = fc.array(
  fc.record({
    service: fc.nat({ max: 59 }),
    change: fc.constantFrom('AFFINITY', 'LOCAL', 'PORT', 'RANGES', 'ENDPOINT', 'DELETE'),
    node: fc.constantFrom('node-1', 'node-1', 'node-1', 'node-2'),
  }),
  { minLength: 6, maxLength: 24 },
);
type Edit = (typeof edits extends fc.Arbitrary<infer T> ? T : never)[number];

function changed(cluster: Cluster, { service: number, change }: Edit): Cluster {
  const [key, service] = [...fresh().services.entries()][number] as [string, Service];
  const { services, endpointSlices } = cluster;
  const spec = services.get(key)?.spec ?? service.spec;
  const put = (more: object | undefined) =>
    cluster.with({
      services: new Map([[key, more === undefined ? undefined : { ...service, spec: { ...spec, ...more } }]]),
    });
  switch (change) {
    case 'AFFINITY':
      return put({ sessionAffinity: spec?.sessionAffinity === 'ClientIP' ? 'None' : 'ClientIP' });
    case 'LOCAL':
      return put({ internalTrafficPolicy: spec?.internalTrafficPolicy === 'Local' ? 'Cluster' : 'Local' });
    case 'PORT':
      return put({ ports: spec?.ports?.map((port) => ({ ...port, port: port.port + 1 })) });
    case 'RANGES':
      return put({ type: 'LoadBalancer', loadBalancerSourceRanges: ['172.18.0.1/32', '10.0.0.0/8'] });
    case 'DELETE':
      return put(services.has(key) ? undefined : {});
    case 'ENDPOINT': {
      const name = `${key}-00000`;
      const slice = endpointSlices.get(name) as EndpointSlice;
      const [first, ...rest] = slice.endpoints;
      const moved = first === undefined ? rest : [...rest, { ...first, nodeName: 'node-1' }];
      return cluster.with({ endpointSlices: new Map([[name, { ...slice, endpoints: moved.slice(1) }]]) });
    }
  }
}

for (const mode of ['iptables', 'nftables', 'ipvs'] as const) {
  t.test(`mode ${mode}, edit after edit`, async () => {
    fc.assert(
      fc.property(edits, fc.constantFrom(...(mode === 'nftables' ? NFTABLES : variants)), (all, [, settings]) => {
        let kept = fresh();
        for (const edit of all) {
          kept = changed(kept, edit);
          // What nothing is kept of: other objects, edited once more.
          const services = [...kept.services.entries()].map(([key, service]) => [key, { ...service }] as const);
          const gone = [...fresh().services.keys()].filter((key) => !kept.services.has(key));
          const anew = fresh().with({
            services: new Map<string, Service | undefined>([
              ...services,
              ...gone.map((key) => [key, undefined] as const),
            ]),
            endpointSlices: new Map(kept.endpointSlices.entries()),
          });
          assert.ok(text(mode, kept, edit.node, settings) === text(mode, anew, edit.node, settings), edit.change);
        }
      }),
      { numRuns: runs(6) },
    );
  });
}
