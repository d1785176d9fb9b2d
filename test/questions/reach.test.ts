/** reach: who reaches whom, by classes of pods; the same as the single questions say, pair by pair. */
import fc from 'fast-check';
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { ReachPair, ReachResult } from '../../src/contract/answers.js';
import type { Change, ReachQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { bankSnapshot, policy } from '../support/bank-cluster.js';
import {
  anyPolicies,
  NAMESPACES,
  networkPolicy,
  type PolicedOptions,
  policedSnapshot,
  WORKLOADS,
} from '../support/policed-cluster.js';
import { runs } from '../support/runs.js';

const reach = (snapshot: Snapshot, question: ReachQuestion = {}, changes?: readonly Change[]): ReachResult =>
  ask('reach', { reach: question, ...(changes === undefined ? {} : { changes: [...changes] }) }, snapshot).result;

const pairOf = ({ pairs }: ReachResult, from: string, to: string): ReachPair | undefined =>
  pairs.find((pair) => pair.from === from && pair.to === to);

const DENY_DB = networkPolicy('db', {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 8080 }] }],
});

t.test('pairs: delivered, denied and by what', async (t) => {
  const result = reach(policedSnapshot({ policies: [DENY_DB] }));
  t.match(pairOf(result, 'StatefulSet shop/api', 'shop/db:80'), { delivered: { fraction: '1' } });
  const denied = pairOf(result, 'StatefulSet shop/web', 'shop/db:80');
  t.match(denied, {
    delivered: { fraction: '0' },
    denied: { fraction: '1' },
    causes: [{ verdict: 'DROPPED', cause: 'NETWORK_POLICY', direction: 'INGRESS', policies: ['shop/db'] }],
  });
  t.match(result.enforcement, { enforced: true, by: 'Calico' });
  // Node n2's processes are denied as well; the pod's own node is not.
  t.match(pairOf(result, 'StatefulSet ops/agent', 'shop/db:80'), { denied: { fraction: '1' } });
  t.same(result.counts.pairs, result.sources.length * result.targets.length);
});

t.test('a part is delivered where only some pods may connect', async (t) => {
  // Client ranges by node: pods on n1 alone.
  const range = networkPolicy('range', {
    podSelector: { matchLabels: { app: 'db' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ ipBlock: { cidr: '10.244.1.0/24' } }] }],
  });
  const result = reach(policedSnapshot({ policies: [range] }));
  t.match(pairOf(result, 'StatefulSet shop/web', 'shop/db:80'), {
    delivered: { fraction: '1/2' },
    denied: { fraction: '1/2' },
  });
});

t.test('two families, which networks of policies tell apart', async (t) => {
  const guard = (direction: 'Ingress' | 'Egress', cidr: string) => {
    const [rules, peers] = direction === 'Ingress' ? ['ingress', 'from'] : ['egress', 'to'];
    const rule = { [peers as string]: [{ ipBlock: { cidr } }] };
    return policy(direction === 'Ingress' ? 'bank/in' : 'lab/out', {
      policyTypes: [direction],
      [rules as string]: [rule],
    });
  };
  for (const [direction, cidr, lets] of [
    ['Ingress', '0.0.0.0/0', 'IPv4'],
    ['Ingress', 'fd60:0:0:3::/64', 'IPv6'],
    ['Egress', '10.60.2.0/24', 'IPv4'],
    ['Egress', '::/0', 'IPv6'],
  ] as const) {
    const result = reach(bankSnapshot({ policies: [guard(direction, cidr)] }));
    for (const family of ['IPv4', 'IPv6']) {
      const pair = result.pairs.find(
        (one) => one.from === 'StatefulSet lab/bench' && one.to === 'bank/ledger:443' && one.family === family,
      );
      t.match(
        pair,
        { delivered: { fraction: family === lets ? '1' : '0' } },
        `${direction} ${cidr}: ${family}, ${JSON.stringify(result.pairs.map(({ from, to }) => [from, to]).slice(0, 3))}`,
      );
    }
  }
});

t.test('workloads at the ports that they declare, or at one that is given', async (t) => {
  const snapshot = policedSnapshot({ policies: [DENY_DB] });
  const declared = reach(snapshot, { to: 'WORKLOADS' });
  t.match(pairOf(declared, 'StatefulSet shop/web', 'StatefulSet shop/db:8080'), { denied: { fraction: '1' } });
  const other = reach(snapshot, { to: 'WORKLOADS', port: 9090 });
  t.match(pairOf(other, 'StatefulSet shop/api', 'StatefulSet shop/db:9090'), { denied: { fraction: '1' } });
});

t.test('the ports of native sidecars are among them, those of init containers that end are not', async (t) => {
  const container = (containerPort: number, more: object) => ({ ports: [{ containerPort }], ...more });
  const initContainers = [
    container(9443, { name: 'proxy', restartPolicy: 'Always' }),
    container(9444, { name: 'setup' }),
  ];
  const pods = { 'bank/ledger-0': { containers: [container(9000, { name: 'c' })], initContainers } };
  const { pairs } = reach(bankSnapshot({ pods }), { to: 'WORKLOADS' });
  const asked = new Set(pairs.map(({ to }) => to).filter((to) => to.startsWith('StatefulSet bank/ledger:')));
  t.same([...asked].sort(), ['StatefulSet bank/ledger:9000', 'StatefulSet bank/ledger:9443']);
});

t.test('with changes: before and after', async (t) => {
  const snapshot = policedSnapshot();
  const result = reach(snapshot, {}, [{ apply: { manifests: [DENY_DB] } } as Change]);
  t.match(pairOf(result, 'StatefulSet shop/web', 'shop/db:80'), {
    change: 'CUT',
    delivered: { fraction: '0' },
    before: { delivered: { fraction: '1' } },
  });
  t.match(pairOf(result, 'StatefulSet shop/api', 'shop/db:80'), { change: 'SAME', before: undefined });
  // web, probe, and the processes of n1 and n2.
  t.match(result.counts, { cut: 4, opened: 0 });
});

t.test('what is asked is checked', async (t) => {
  const snapshot = policedSnapshot();
  for (const [question, pointer] of [
    [{ namespaces: ['shop', 'nowhere'] }, '/reach/namespaces/1'],
    [{ fromNamespaces: ['nowhere'] }, '/reach/fromNamespaces/0'],
    [{ services: ['shop/none'] }, '/reach/services/0'],
    [{ to: 'WORKLOADS', services: ['shop/db'] }, '/reach/services'],
    [{ port: 80 }, '/reach/port'],
    [{ protocol: 'UDP' }, '/reach/protocol'],
  ] as const) {
    t.throws(() => reach(snapshot, question as ReachQuestion), { problems: [{ pointer }] } as never, pointer);
  }
  t.same(
    reach(snapshot, { namespaces: ['ops'], fromNamespaces: ['*'] }).targets.map(({ to }) => to),
    ['ops/agent:80', 'ops/probe:80'],
  );
  t.match(reach(snapshot, { maxPairs: 3 }).counts, { pairs: WORKLOADS.length + 1 });
});

/** What the single question says of a pair: the shares by verdict. */
function single(snapshot: Snapshot, { namespace, name, nodes }: (typeof WORKLOADS)[number], service: string) {
  const answer = ask(
    'probability',
    {
      probability: {
        services: [{ namespace: service.split('/')[0] as string, name: service.split('/')[1] as string, port: 80 }],
        clients: {
          weights: nodes.map((_, index) => ({ source: { pod: `${namespace}/${name}-${index}` }, weight: 1 })),
        },
      },
    },
    snapshot,
  );
  return answer.result.services[0];
}

t.test('every pair is what probability says of it', async (t) => {
  const kinds: readonly PolicedOptions[] = [
    {},
    { service: { internalTrafficPolicy: 'Local' } },
    { service: { trafficDistribution: 'PreferClose' } },
    { namespaces: [] },
    { namespaces: NAMESPACES.slice(1) },
  ];
  fc.assert(
    fc.property(anyPolicies, fc.constantFrom(...kinds), (policies, kind) => {
      const snapshot = policedSnapshot({ ...kind, policies });
      const result = reach(snapshot);
      for (const workload of WORKLOADS) {
        for (const { to } of result.targets) {
          const pair = pairOf(result, `StatefulSet ${workload.namespace}/${workload.name}`, to);
          const asked = single(snapshot, workload, to.replace(/:.*$/, ''));
          t.same(pair?.delivered.fraction, asked?.delivered.fraction, `${workload.name} to ${to} delivered`);
          t.same(pair?.unknown?.fraction ?? '0', asked?.unknown.fraction, `${workload.name} to ${to} unknown`);
          const policy = asked?.verdicts.find(
            ({ cause, verdict }) => cause === 'NETWORK_POLICY' && verdict !== 'UNKNOWN',
          );
          t.same(pair?.denied?.fraction ?? '0', policy?.share.fraction ?? '0', `${workload.name} to ${to} denied`);
        }
      }
      return true;
    }),
    { numRuns: runs(15) },
  );
});
