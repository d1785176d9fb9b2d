/** What a node's own `nft list ruleset` says is walked instead of what kube-proxy would write. */
import t from 'tap';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';
import { ask } from '../../src/questions/ask.js';
import { lab } from '../support/lab.js';
import { proxySettings } from '../support/proxy-settings.js';

const snapshot = lab({ services: [{}], version: '1.36.2' });
const node = snapshot.cluster.nodes.get('node-1');
if (node === undefined) throw new Error('no node');
const settings = proxySettings(36, { mode: 'nftables', clusterCIDR: ['10.180.0.0/16'] });
const listing = new NftablesProgram({ cluster: snapshot.cluster, node, family: 'IPv4', settings }).listing();

function asked(nodeRules: Readonly<Record<string, object>>, port = 80) {
  const request = {
    path: {
      source: { pod: 'default/client-1' },
      destination: { address: '172.30.0.1', port },
      nodeRules,
    },
  } as unknown as QuestionRequest;
  return ask('path', request, snapshot).result.traces.map(({ verdict, cause }) => [verdict, cause]);
}

t.test('a listing is walked as the rules that were made', async (t) => {
  const traces = asked({ 'node-1': { nft: listing } });
  t.equal(traces.length, 3);
  for (const [verdict] of traces) t.equal(verdict, 'DELIVERED');
  t.match(asked({ 'node-1': { nft: listing } }, 81), [['REJECTED', 'UNKNOWN_PORT']]);
});

t.test('rules of iptables beside it are walked by priority', async (t) => {
  const iptablesSave = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
  const traces = asked({ 'node-1': { nft: listing, iptablesSave } });
  for (const [verdict, cause] of traces) t.same([verdict, cause], ['DROPPED', 'POLICY']);
});

t.test('a text that is cut off is refused with its place', async (t) => {
  t.throws(() => asked({ 'node-1': { nft: listing.slice(0, 300) } }), {
    problems: [{ pointer: '/path/nodeRules/node-1/nft', detail: /^Line \d+: / }],
  } as object as RegExp);
});
