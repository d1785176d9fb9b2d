/**
 * Probability asks about nodes whose own rules are given: they are walked, and clients on such a node are a group of
 * their own.
 */
import t from 'tap';
import type { ServiceProbability } from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { NftablesProgram } from '../../src/proxy/nftables/program.js';
import { ask } from '../../src/questions/ask.js';
import { balanced, WEB } from '../support/balanced.js';
import { lab } from '../support/lab.js';
import { proxySettings } from '../support/proxy-settings.js';

const snapshot = lab({ services: [{}], version: '1.36.2' });
const { cluster } = snapshot;
const nodes = [...cluster.nodes.values()];
const nftables = proxySettings(36, { mode: 'nftables', clusterCIDR: ['10.180.0.0/16'] });
const listings = Object.fromEntries(
  nodes.map((node) => [
    node.metadata.name,
    { nft: new NftablesProgram({ cluster, node, family: 'IPv4', settings: nftables }).listing() },
  ]),
);

const asked = (nodeRules?: object, more: object = {}) =>
  ask(
    'probability',
    { probability: { families: ['IPv4'], ...(nodeRules && { nodeRules }), ...more } } as unknown as QuestionRequest,
    snapshot,
  );

t.test('rules as kube-proxy writes them give the same shares', async (t) => {
  // numgen has other thresholds than the statistic match: nominal shares are compared.
  const nominal = (answer: ReturnType<typeof asked>) =>
    answer.result.services.map(({ endpoints }) => endpoints.map(({ share }) => share.fraction));
  t.same(nominal(asked(listings)), nominal(asked()));
  t.same(nominal(asked({ 'node-2': listings['node-2'] })), nominal(asked()));
});

t.test('what one node drops is the share of its clients', async (t) => {
  const iptablesSave = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
  const cut = { ...listings['node-1'], iptablesSave };
  const [answer] = asked({ 'node-1': cut }).result.services;
  // node-1 forwards nothing: neither what its own clients send, nor what others send to its pod.
  t.equal(answer?.delivered.fraction, '4/9');
  const all = { 'node-1': cut, 'node-2': listings['node-2'], 'node-3': listings['node-3'] };
  t.same(asked(all).result.services[0]?.delivered, answer?.delivered);
});

t.test('an answer says what it rests on', async (t) => {
  const fields = (answer: ReturnType<typeof asked>) => answer.assumptions.map(({ field }) => field);
  t.ok(fields(asked({ 'node-1': listings['node-1'] })).includes('nodeRules.node-1.iptables'));
  const others = { nft: 'table ip other {\n}\n' };
  const answer = asked({ 'node-1': others });
  t.ok(fields(answer).includes('nodeRules.node-1.kubeProxy'));
  t.not(answer.result.services[0]?.unreachable.fraction, '0', 'nobody translates on node-1');
});

t.test('after a change the given rules stay, and the answer says so', async (t) => {
  const probability = { nodeRules: { 'node-1': listings['node-1'] } };
  const change = { node: { name: 'node-2', ready: false } };
  const answer = ask('probability', { probability, changes: [change] } as unknown as QuestionRequest, snapshot);
  t.ok(answer.assumptions.some(({ field }) => field === 'nodeRules.node-1.change'));
  t.match(
    answer.summary,
    / The rules given for node-1 are walked as they are: what the change makes of them is not in them\.$/,
  );
});

t.test(
  'in what-if given rules are those before: what kube-proxy writes anew is not known, the rest stays',
  async (t) => {
    const two = lab({ services: [{ name: 'one' }, { name: 'two' }], version: '1.36.2' });
    const listed = ask(
      'chains',
      {
        settings: { kubeProxy: { mode: 'nftables' } },
        chains: { nodes: ['node-1'], families: ['IPv4'], format: 'SAVE' },
      },
      two,
    ).result.parts[0]?.text;
    const own = two.cluster.services.get('default/one');
    const affinity = { sessionAffinity: own?.spec?.sessionAffinity === 'ClientIP' ? 'None' : 'ClientIP' };
    const request = {
      settings: { kubeProxy: { mode: 'nftables' } },
      changes: [{ patch: { kind: 'Service', namespace: 'default', name: 'one', patch: { spec: affinity } } }],
      probability: { nodeRules: { 'node-1': { nft: listed } }, clients: { nodes: { names: ['node-1'] } } },
    } as unknown as QuestionRequest;
    const { result } = ask('what-if', request, two);
    const after = (result as unknown as { after: { services: readonly ServiceProbability[] } }).after.services;
    const of = (name: string) => after.find(({ service }) => service.name === name);
    t.equal(of('one')?.unknown.fraction, '1');
    t.equal(of('two')?.delivered.fraction, '1');
  },
);

t.test('a node that is not there, and a sweep, are refused', async (t) => {
  t.throws(() => asked({ nowhere: { nft: '' } }), {
    code: 'NOT_FOUND',
    problems: [{ pointer: '/probability/nodeRules/nowhere' }],
  } as object as RegExp);
  t.throws(() => asked({ 'node-1': { nft: 'table ip x {' } }), {
    problems: [{ pointer: '/probability/nodeRules/node-1/nft' }],
  } as object as RegExp);
});

t.test('a node with given rules is like no other behind a load balancer', async (t) => {
  const iptablesSave =
    '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n' +
    '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n';
  const behind = balanced({ pods: [1, 0, 0, 0], policy: 'Cluster' });
  for (const node of ['n2', 'n3', 'n4']) {
    const probability = {
      services: [{ ...WEB, via: 'LOAD_BALANCER' }],
      clients: { loadBalancer: {} },
      nodeRules: { [node]: { iptablesSave } },
    };
    const { result } = ask('probability', { probability } as QuestionRequest, behind);
    t.equal(result.services[0]?.delivered.fraction, '3/4', `${node} translates nothing`);
  }
});

t.test('a client that comes back meets the rules that are given', async (t) => {
  const sticky = lab({ services: [{ spec: { sessionAffinity: 'ClientIP' } }], version: '1.36.2' });
  const rulesOf = (from: typeof sticky) => {
    const chains = { nodes: ['node-1'], families: ['IPv4'], format: 'SAVE' } as const;
    return ask('chains', { chains }, from)
      .result.parts.map(({ text = '' }) => text)
      .join('\n');
  };
  const returning = (iptablesSave: string) => {
    const probability = { nodeRules: { 'node-1': { iptablesSave } }, clients: { nodes: { names: ['node-1'] } } };
    const { result } = ask('probability', { probability } as QuestionRequest, sticky);
    return result.services[0]?.affinity?.returning.map(({ endpoint, goesTo }) => [endpoint, goesTo]);
  };
  const pods = ['10.180.1.2:8080', '10.180.2.2:8080', '10.180.3.2:8080'];
  t.same(
    returning(rulesOf(sticky)),
    pods.map((pod) => [pod, pod]),
  );
  // The node has not caught up with the Service's affinity yet: its rules keep nobody.
  t.same(
    returning(rulesOf(snapshot)),
    pods.map((pod) => [pod, pods.join(', ')]),
  );
});
