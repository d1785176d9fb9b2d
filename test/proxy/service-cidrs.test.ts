/**
 * kube-proxy in nftables mode drops what is for an address that no Service has, of the ranges that ServiceCIDRs name
 * (1.33; earlier by feature gate).
 */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

const RANGES = ['172.30.0.0/16', 'fd00:30::/112'];

function snapshotWith(version: string, cidrs: readonly string[]) {
  const range = {
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: 'kubernetes' },
    spec: { cidrs },
  };
  return readSnapshot({
    inline: { kind: 'List', items: [...labList({ services: [{}], version }).items, range] as never[] },
  });
}

const rules = (version: string, cidrs: readonly string[], format: string, proxy: object = {}) =>
  ask(
    'chains',
    {
      settings: { kubeProxy: { mode: 'nftables', ...proxy } },
      chains: { nodes: ['node-1'], families: ['IPv4'], format },
    } as unknown as QuestionRequest,
    snapshotWith(version, cidrs),
  ).result.parts.flatMap(({ text = '' }) => text.split('\n').filter((line) => line.includes('unallocated')));

const WRITTEN = (cidrs: string) =>
  `add rule ip kube-proxy cluster-ips-check ip daddr { ${cidrs} } drop comment "Drop traffic to unallocated ClusterIPs"`;

t.test('the rule is there since 1.33, or where the gate is on', async (t) => {
  t.same(rules('1.33.2', RANGES, 'RESTORE'), [WRITTEN('172.30.0.0/16')]);
  t.same(rules('1.32.2', RANGES, 'RESTORE'), []);
  const gate = { featureGates: { MultiCIDRServiceAllocator: true } };
  t.same(rules('1.32.2', RANGES, 'RESTORE', gate), [WRITTEN('172.30.0.0/16')]);
  t.same(rules('1.36.2', [], 'RESTORE'), []);
  t.same(rules('1.36.2', ['172.31.0.0/16', '172.30.0.0/16'], 'RESTORE'), [WRITTEN('172.30.0.0/16,172.31.0.0/16')]);
});

t.test('what nft lists of it', async (t) => {
  const why = 'drop comment "Drop traffic to unallocated ClusterIPs"';
  t.same(rules('1.36.2', RANGES, 'SAVE'), [`\t\tip daddr 172.30.0.0/16 ${why}`]);
  t.same(rules('1.36.2', ['172.31.0.0/16', '172.30.0.0/16'], 'SAVE'), [`\t\tip daddr { 172.30.0.0/15 } ${why}`]);
});

t.test('a packet to an address of nobody is dropped, one to another port of a Service rejected', async (t) => {
  const to = (address: string, port: number, cidrs = RANGES) =>
    ask(
      'path',
      {
        settings: { kubeProxy: { mode: 'nftables' } },
        path: { source: { pod: 'default/client-1' }, destination: { address, port } },
      } as unknown as QuestionRequest,
      snapshotWith('1.36.2', cidrs),
    ).result.traces.map(({ verdict, cause }) => `${verdict} ${cause ?? ''}`.trim());
  t.same(to('172.30.200.9', 80), ['DROPPED NO_RULE']);
  t.same(to('172.30.0.1', 81), ['REJECTED UNKNOWN_PORT']);
  t.not(to('172.30.200.9', 80, [])[0], 'DROPPED NO_RULE', 'without the object nothing is known of the range');
});
