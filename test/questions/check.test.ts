/** check: which Services a change touches, what it asks of them, and when it fails. */
import fc from 'fast-check';
import t from 'tap';
import type { Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Answer, CheckResult } from '../../src/contract/answers.js';
import type { Change, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type LabService, lab } from '../support/lab.js';
import { randomCluster, settingsOf, snapshotOf } from '../support/random-cluster.js';
import { runs } from '../support/runs.js';
import { zones } from '../support/zones.js';

const NODE_PORT = { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }] };
const SVC = { namespace: 'default', name: 'svc' };
/** The Service `svc` with its endpoints and two that no change below names. */
const three = (service: LabService = {}): Snapshot =>
  lab({ services: [service, { name: 'other', endpoints: [1, 2] }, { name: 'third', endpoints: [3] }] });

function check(changes: readonly Change[], snapshot = three(), rest: QuestionRequest = {}): Answer<CheckResult> {
  return ask('check', { changes, ...rest }, snapshot);
}

const touchedBy = (changes: readonly Change[], snapshot = three(), rest: QuestionRequest = {}) =>
  check(changes, snapshot, rest).result.services.map(({ service }) => service);
const codes = ({ findings }: Answer<CheckResult>) => findings.map(({ code }) => code);

t.test('it finds by itself which Services a change touches', async (t) => {
  const service = (fields: object): Change => ({ service: { ...SVC, ...fields } });
  const CASES: readonly (readonly [string, readonly Change[], readonly string[], Snapshot?])[] = [
    ['session affinity', [service({ sessionAffinity: 'ClientIP' })], ['default/svc']],
    ['a policy that is so already', [service({ internalTrafficPolicy: 'Cluster' })], []],
    ['a pod that serves', [{ pods: { namespace: 'default', names: ['web-1'], state: 'NOT_READY' } }], ['default/svc']],
    ['a pod that serves nothing', [{ pods: { namespace: 'default', names: ['client-1'], state: 'DELETED' } }], []],
    ['a node that nothing runs for', [{ node: { name: 'node-3', action: 'CORDON' } }], []],
    ['a node that joins', [{ node: { name: 'node-4', action: 'ADD', node: {} } }], []],
    [
      'a node that joins where the policy is Local',
      [{ node: { name: 'node-4', action: 'ADD', node: {} } }],
      ['default/svc'],
      three({ spec: { ...NODE_PORT, externalTrafficPolicy: 'Local' } }),
    ],
    [
      'rules of every Service',
      [{ proxy: { settings: { iptables: { masqueradeAll: true } } } }],
      ['default/other', 'default/svc', 'default/third'],
    ],
    ['a rule beside those of Services', [{ proxy: { settings: { iptables: { masqueradeBit: 15 } } } }], []],
    [
      'another Service claims its address',
      [{ service: { namespace: 'default', name: 'third', externalIPs: ['198.51.100.1'] } }],
      ['default/svc', 'default/third'],
      three({ spec: { externalIPs: ['198.51.100.1'] } }),
    ],
    [
      'a headless Service by its pods',
      [{ pods: { namespace: 'default', names: ['web-1'], state: 'NOT_READY' } }],
      ['default/svc'],
      three({ spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
    ],
  ];
  for (const [what, changes, touched, snapshot] of CASES) {
    t.same([...touchedBy(changes, snapshot)].sort(), touched, what);
    const { counts } = check(changes, snapshot).result;
    t.same(counts, {
      services: 3,
      touched: touched.length,
      asked: touched.length,
      skipped: 3 - touched.length,
      omitted: 0,
    });
  }
});

t.test('a second snapshot is compared by what is programmed, not by its bytes', async (t) => {
  const before = three();
  t.same(ask('check', {}, before, three()).result.services, []);
  const after = ask('check', {}, before, three({ endpoints: [1, 2] }));
  t.same(
    after.result.services.map(({ service, change }) => [service, change]),
    [['default/svc', 'CHANGED']],
  );
  t.equal(after.result.afterSnapshot?.counts.Service, 3);
  const fewer = lab({ services: [{}] });
  t.same(
    ask('check', {}, before, fewer).result.services.map(({ service, change }) => [service, change]),
    [
      ['default/other', 'REMOVED'],
      ['default/third', 'REMOVED'],
    ],
  );
  t.same(
    ask('check', {}, fewer, before).result.services.map(({ change }) => change),
    ['ADDED', 'ADDED'],
  );
});

t.test('every door is asked about, for the usual clients', async (t) => {
  const spec = {
    ...NODE_PORT,
    type: 'LoadBalancer',
    externalIPs: ['198.51.100.1', '198.51.100.2'],
  };
  const snapshot = three({ spec, status: { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } } });
  const changes = [{ service: { ...SVC, sessionAffinity: 'ClientIP' } }] as const;
  const doors = (rest: QuestionRequest = {}) =>
    (check(changes, snapshot, rest).result.services[0]?.doors ?? []).map(
      ({ clients, via, destination }) => `${clients} ${via} ${destination.after}`,
    );
  t.same(doors(), [
    'PODS CLUSTER_IP 172.30.0.1:80',
    'HOSTS CLUSTER_IP 172.30.0.1:80',
    'OUTSIDE NODE_PORT node port 30080 of the node',
    'OUTSIDE EXTERNAL_IP 198.51.100.1:80',
    'OUTSIDE EXTERNAL_IP 198.51.100.2:80',
    'OUTSIDE LOAD_BALANCER 198.51.100.9:80',
  ]);
  t.same(doors({ check: { clients: ['PODS'] } }), ['PODS CLUSTER_IP 172.30.0.1:80']);
  t.same(doors({ check: { vias: ['LOAD_BALANCER'] } }), ['OUTSIDE LOAD_BALANCER 198.51.100.9:80']);
  const headless = three({ spec: { clusterIP: 'None', clusterIPs: ['None'] } });
  const pods = { pods: { namespace: 'default', names: ['web-1'], state: 'NOT_READY' } } as const;
  t.same(
    check([pods], headless).result.services[0]?.doors.map(({ clients, via }) => `${clients} ${via}`),
    ['PODS DNS', 'HOSTS DNS'],
  );
});

t.test('before and after are what the questions alone say', async (t) => {
  const scale: Change = { scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 5 } };
  const snapshot = zones({ pods: [2, 1, 1] });
  const { doors } = check([scale], snapshot).result.services[0] ?? {};
  const pods = doors?.find(({ clients }) => clients === 'PODS');
  const question = { probability: { services: [{ namespace: 'default', name: 'web' }] } };
  const [before] = ask('probability', question, snapshot).result.services;
  const [after] = ask('probability', { ...question, changes: [scale] }, snapshot).result.services;
  for (const { address, before: was, after: is } of pods?.endpoints ?? []) {
    t.same(was.fraction, before?.endpoints.find((one) => one.address === address)?.share.fraction ?? '0');
    t.same(is.fraction, after?.endpoints.find((one) => one.address === address)?.share.fraction ?? '0');
  }
  t.equal(pods?.endpoints.length, 5);
  t.same(pods?.crossZone?.before, before?.crossZone);
  t.same(pods?.imbalance?.after, after?.imbalance);
});

t.test('it fails from the severity on that is asked for', async (t) => {
  const local = [{ service: { ...SVC, externalTrafficPolicy: 'Local' } }] as const;
  const snapshot = three({ spec: NODE_PORT, endpoints: [1, 2] });
  const failed = (failOn: 'INFO' | 'WARNING' | 'ERROR' | 'NEVER' | undefined, changes: readonly Change[] = local) =>
    check(changes, snapshot, failOn === undefined ? {} : { check: { failOn } }).result.failed;
  t.same([failed(undefined), failed('NEVER'), failed('WARNING'), failed('INFO')], [true, false, true, true]);
  const affinity = [{ service: { ...SVC, sessionAffinity: 'ClientIP' } }] as const;
  t.same([failed('INFO', affinity), failed('WARNING', affinity)], [true, false]);
  const ignored = check(local, snapshot, { findings: { ignore: ['DELIVERED_BEFORE_DROPPED_NOW'] } });
  t.notOk(ignored.result.failed, 'what is ignored does not count');
  t.ok(codes(check(local, snapshot)).includes('DELIVERED_BEFORE_DROPPED_NOW'));
  const same = check([{ service: { ...SVC, externalTrafficPolicy: 'Cluster' } }], snapshot);
  t.same(codes(same), ['CHANGE_WITHOUT_EFFECT']);
  t.notOk(same.result.failed);
});

t.test('what was wrong before does not fail a check', async (t) => {
  const snapshot = three({ spec: { ...NODE_PORT, externalTrafficPolicy: 'Local' }, endpoints: [1] });
  const answer = check([{ service: { ...SVC, sessionAffinity: 'ClientIP' } }], snapshot, {
    check: { failOn: 'WARNING' },
  });
  t.notOk(answer.result.failed);
  t.ok(answer.findings.some(({ code, evidence }) => code === 'TRAFFIC_DROPPED' && evidence.before === true));
});

t.test('a door that goes is reported', async (t) => {
  const answer = check([{ service: { ...SVC, type: 'ClusterIP' } }], three({ spec: NODE_PORT }));
  t.match(
    answer.findings.find(({ code }) => code === 'DOOR_REMOVED'),
    { severity: 'ERROR', evidence: { via: 'NODE_PORT' } },
  );
  t.ok(answer.result.services[0]?.doors.some(({ via, change }) => via === 'NODE_PORT' && change === 'REMOVED'));
});

t.test('of many touched Services some are asked about, and that is reported', async (t) => {
  const everywhere: Change = { proxy: { settings: { iptables: { masqueradeAll: true } } } };
  const named: Change = { service: { namespace: 'default', name: 'third', sessionAffinity: 'ClientIP' } };
  const answer = check([everywhere, named], three(), { check: { maxServices: 1, failOn: 'WARNING' } });
  t.same(
    answer.result.services.map(({ service }) => service),
    ['default/third'],
    'the one that the change names',
  );
  t.match(answer.result.counts, { touched: 3, asked: 1, omitted: 2 });
  t.match(
    answer.findings.find(({ code }) => code === 'CHECK_INCOMPLETE'),
    { severity: 'WARNING', evidence: { touched: 3, asked: 1, omitted: 2 } },
  );
  const chosen = check([everywhere], three(), { check: { services: ['default/other'] } });
  t.same(
    chosen.result.services.map(({ service }) => service),
    ['default/other'],
  );
});

t.test('what cannot be asked is said', async (t) => {
  const fails = (request: QuestionRequest, after?: Snapshot) => {
    try {
      ask('check', request, three(), after);
      return '';
    } catch (error) {
      const { code, problems } = error as { code: string; problems: readonly { pointer: string }[] };
      return `${code} ${problems[0]?.pointer}`;
    }
  };
  const changes = [{ service: { ...SVC, sessionAffinity: 'ClientIP' } }] as const;
  t.equal(fails({}), 'INVALID_REQUEST ');
  t.equal(fails({ changes: [] }), 'INVALID_REQUEST ');
  t.equal(fails({ changes }, three()), 'INVALID_REQUEST /changes');
  t.equal(fails({ changes, check: { services: ['default/nobody'] } }), 'NOT_FOUND /check/services/0');
  const none = check([{ pods: { namespace: 'default', names: ['web-1'], state: 'NOT_READY' } }], three(), {
    check: { families: ['IPv6'] },
  });
  t.match(none.result.services[0]?.notAsked, [{ clients: 'PODS', via: 'CLUSTER_IP', why: /IPv4/ }, {}]);
});

t.test(
  'law: a Service whose rules differ on some node is touched, and one that is not touched keeps its shares',
  async (t) => {
    const both = fc.tuple(randomCluster, randomCluster);
    fc.assert(
      fc.property(both, ([one, other]) => {
        const settings = settingsOf(one);
        const [before, after] = [snapshotOf(one), snapshotOf(other)];
        const { result } = ask(
          'check',
          { settings, check: { clients: ['PODS'], vias: ['CLUSTER_IP'] } },
          before,
          after,
        );
        const touched = new Set(result.services.map(({ service }) => service));
        const rules = ask('what-if', { settings, chains: {} }, before, after).result;
        if (rules.question !== 'chains') throw new Error(rules.question);
        for (const { service } of rules.difference.services) {
          if (!touched.has(`${service.namespace}/${service.name}`)) return false;
        }
        const shares = ask('what-if', { settings, probability: {} }, before, after).result;
        if (shares.question !== 'probability') throw new Error(shares.question);
        return shares.difference.services.every(({ service }) => touched.has(`${service.namespace}/${service.name}`));
      }),
      { numRuns: runs(40) },
    );
    t.pass('60 pairs of clusters');
  },
);
