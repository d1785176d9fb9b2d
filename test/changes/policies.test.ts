/** Network policies and namespaces, patched and deleted; what is wrong with them is refused, with its place. */
import t from 'tap';
import type { QuestionError } from '../../src/base/errors.js';
import { describeChange } from '../../src/changes/index.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { networkPolicy, policedItems, policedSnapshot } from '../support/policed-cluster.js';

const DB = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };
const CLOSED = networkPolicy('db', { ...DB, ingress: [] });
const BY_TEAM = networkPolicy('db', {
  ...DB,
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }],
});

const path = {
  source: { pod: 'ops/probe-0' },
  destination: { service: { namespace: 'shop', name: 'db', port: 80 } },
};
const verdicts = (policies: readonly unknown[], ...changes: readonly unknown[]) =>
  ask(
    'path',
    { path, changes: changes as readonly Change[] } as never,
    policedSnapshot({ policies }),
  ).result.traces.map(({ verdict }) => verdict);

t.test('a policy is patched, and deleted', async (t) => {
  t.same(verdicts([CLOSED]), ['DROPPED']);
  const patch = { spec: { ingress: [{}] } };
  t.same(verdicts([CLOSED], { patch: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db', patch } }), ['DELIVERED']);
  t.same(verdicts([CLOSED], { delete: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db' } }), ['DELIVERED']);
});

t.test('the labels of a namespace are patched', async (t) => {
  t.same(verdicts([BY_TEAM]), ['DELIVERED']);
  const patch = { metadata: { labels: { team: 'c' } } };
  t.same(verdicts([BY_TEAM], { patch: { kind: 'Namespace', name: 'ops', patch } }), ['DROPPED']);
  const gone = { metadata: { labels: null } };
  const { changes } = ask(
    'path',
    { path, changes: [{ patch: { kind: 'Namespace', name: 'ops', patch: gone } }] } as never,
    policedSnapshot({ policies: [BY_TEAM] }),
  );
  t.match(changes[0]?.consequences[0], { kind: 'OBJECT_CONFIGURED', object: 'Namespace ops', detail: /team b → none/ });
  // Its name stays a label.
  const byName = networkPolicy('db', {
    ...DB,
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }] }],
  });
  t.same(verdicts([byName], { patch: { kind: 'Namespace', name: 'ops', patch: gone } }), ['DELIVERED']);
});

t.test('a namespace goes with all that is in it', async (t) => {
  const snapshot = policedSnapshot({ policies: [CLOSED] });
  const { result } = ask('apply', { changes: [{ delete: { kind: 'Namespace', name: 'shop' } }] }, snapshot);
  const deleted = result.objects
    .filter(({ outcome }) => outcome === 'DELETED')
    .map(({ kind, name }) => `${kind} ${name}`);
  for (const one of ['Namespace shop', 'NetworkPolicy db', 'Service db', 'Pod web-0']) t.ok(deleted.includes(one), one);
  t.notOk(deleted.some((one) => one.includes('probe')));
});

t.test('apply reports patches and deletes', async (t) => {
  const snapshot = policedSnapshot({ policies: [CLOSED] });
  const patch = { spec: { policyTypes: ['Ingress', 'Egress'] } };
  const changes = [{ patch: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db', patch } }] as const;
  t.match(ask('apply', { changes } as never, snapshot).result.objects, [
    {
      kind: 'NetworkPolicy',
      outcome: 'CONFIGURED',
      before: { spec: { policyTypes: ['Ingress'] } },
      after: { spec: { policyTypes: ['Ingress', 'Egress'] } },
    },
  ]);
});

t.test('names that are not there, and texts that are not names', async (t) => {
  const at = '/changes/0/delete';
  for (const [change, code, pointer] of [
    [{ delete: { kind: 'NetworkPolicy', namespace: 'shop', name: 'dbb' } }, 'NOT_FOUND', `${at}/name`],
    [{ delete: { kind: 'Namespace', namespace: 'shop', name: 'ops' } }, 'IMPOSSIBLE_CHANGE', `${at}/namespace`],
    [
      { patch: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db', patch: { metadata: { name: 'x' } } } },
      'IMPOSSIBLE_CHANGE',
      '/changes/0/patch/patch',
    ],
    [
      { patch: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db', patch: { spec: { policyTypes: ['Both'] } } } },
      'IMPOSSIBLE_CHANGE',
      '/changes/0/patch/patch/spec/policyTypes',
    ],
  ] as const) {
    t.throws(() => verdicts([CLOSED], change), { code, problems: [{ pointer }] } as never, pointer);
  }
});

interface Wrong {
  readonly what: string;
  readonly spec: object;
  readonly pointer: string;
  readonly kind?: string;
  readonly version?: string;
}

const SUBJECT = { namespaces: {} };
const ANP = { kind: 'AdminNetworkPolicy', version: 'policy.networking.k8s.io/v1alpha1' };
const CNP = { kind: 'ClusterNetworkPolicy', version: 'policy.networking.k8s.io/v1alpha2' };
const from = (peer: object) => ({ podSelector: {}, ingress: [{ from: [peer] }] });
const ports = (port: object) => ({ podSelector: {}, ingress: [{ ports: [port] }] });

const WRONG: readonly Wrong[] = [
  {
    what: 'a protocol that is an empty text, which is not one that is absent',
    spec: ports({ protocol: '', port: 80 }),
    pointer: '/spec/ingress/0/ports/0/protocol',
  },
  {
    what: 'an operator that is none',
    spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } },
    pointer: '/spec/podSelector/matchExpressions/0/operator',
  },
  {
    what: 'In without values',
    spec: from({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
    pointer: '/spec/ingress/0/from/0/podSelector/matchExpressions/0/values',
  },
  {
    what: 'Exists with values',
    spec: from({ namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
    pointer: '/spec/ingress/0/from/0/namespaceSelector/matchExpressions/0/values',
  },
  {
    what: 'a CIDR that is none',
    spec: from({ ipBlock: { cidr: '10.0.0.0/33' } }),
    pointer: '/spec/ingress/0/from/0/ipBlock/cidr',
  },
  {
    what: 'an exception outside of its block',
    spec: from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '11.0.0.0/16'] } }),
    pointer: '/spec/ingress/0/from/0/ipBlock/except/1',
  },
  { what: 'endPort without a port', spec: ports({ endPort: 90 }), pointer: '/spec/ingress/0/ports/0/endPort' },
  {
    what: 'endPort below the port',
    spec: ports({ port: 100, endPort: 90 }),
    pointer: '/spec/ingress/0/ports/0/endPort',
  },
  {
    what: 'endPort with a name',
    spec: ports({ port: 'http', endPort: 90 }),
    pointer: '/spec/ingress/0/ports/0/endPort',
  },
  {
    what: 'a peer with ipBlock and more',
    spec: from({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
    pointer: '/spec/ingress/0/from/0',
  },
  { what: 'an empty peer', spec: from({}), pointer: '/spec/ingress/0/from/0' },
  { what: 'a type that is none', spec: { podSelector: {}, policyTypes: ['Out'] }, pointer: '/spec/policyTypes/0' },
  { what: 'rules that are no list', spec: { podSelector: {}, ingress: {} }, pointer: '/spec/ingress' },
  { what: 'a selector that is a text', spec: { podSelector: 'app=db' }, pointer: '/spec/podSelector' },
  {
    ...ANP,
    what: 'a priority that is too large',
    spec: { priority: 1001, subject: SUBJECT },
    pointer: '/spec/priority',
  },
  { ...ANP, what: 'no subject', spec: { priority: 1 }, pointer: '/spec/subject' },
  {
    ...ANP,
    what: 'an action of another API',
    spec: { priority: 1, subject: SUBJECT, ingress: [{ action: 'Accept', from: [SUBJECT] }] },
    pointer: '/spec/ingress/0/action',
  },
  {
    ...ANP,
    what: 'a network that is none',
    spec: { priority: 1, subject: SUBJECT, egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.0'] }] }] },
    pointer: '/spec/egress/0/to/0/networks/0',
  },
  {
    ...ANP,
    what: 'a range that ends before it starts',
    spec: {
      priority: 1,
      subject: SUBJECT,
      ingress: [{ action: 'Deny', from: [SUBJECT], ports: [{ portRange: { start: 9, end: 8 } }] }],
    },
    pointer: '/spec/ingress/0/ports/0/portRange/end',
  },
  {
    ...CNP,
    what: 'a tier that is none',
    spec: { tier: 'Middle', priority: 1, subject: SUBJECT },
    pointer: '/spec/tier',
  },
  {
    ...ANP,
    what: 'a subject of two kinds',
    spec: { priority: 1, subject: { ...SUBJECT, pods: { namespaceSelector: {}, podSelector: {} } } },
    pointer: '/spec/subject',
  },
  {
    ...ANP,
    what: 'pods without a selector of them',
    spec: { priority: 1, subject: { pods: { namespaceSelector: {} } } },
    pointer: '/spec/subject/pods/podSelector',
  },
  {
    ...ANP,
    what: 'a rule about nobody',
    spec: { priority: 1, subject: SUBJECT, ingress: [{ action: 'Deny', from: [] }] },
    pointer: '/spec/ingress/0/from',
  },
  {
    ...ANP,
    what: 'a peer of two kinds',
    spec: { priority: 1, subject: SUBJECT, egress: [{ action: 'Deny', to: [{ ...SUBJECT, nodes: {} }] }] },
    pointer: '/spec/egress/0/to/0',
  },
  {
    ...ANP,
    what: 'incoming connections from a network',
    spec: { priority: 1, subject: SUBJECT, ingress: [{ action: 'Deny', from: [{ networks: ['10.0.0.0/8'] }] }] },
    pointer: '/spec/ingress/0/from/0/networks',
  },
  {
    ...ANP,
    what: 'a protocol that does not exist',
    spec: {
      priority: 1,
      subject: SUBJECT,
      ingress: [{ action: 'Deny', from: [SUBJECT], ports: [{ portNumber: { protocol: 'ICMP', port: 8 } }] }],
    },
    pointer: '/spec/ingress/0/ports/0/portNumber/protocol',
  },
  {
    kind: 'BaselineAdminNetworkPolicy',
    version: ANP.version,
    what: 'a second baseline',
    spec: { subject: SUBJECT },
    pointer: '/metadata/name',
  },
  {
    ...CNP,
    what: 'two protocols in one',
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: SUBJECT,
      ingress: [{ action: 'Deny', from: [SUBJECT], protocols: [{ tcp: {}, udp: {} }] }],
    },
    pointer: '/spec/ingress/0/protocols/0',
  },
  {
    ...CNP,
    what: 'a range of one port',
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: SUBJECT,
      ingress: [
        {
          action: 'Deny',
          from: [SUBJECT],
          protocols: [{ tcp: { destinationPort: { range: { start: 9, end: 9 } } } }],
        },
      ],
    },
    pointer: '/spec/ingress/0/protocols/0/tcp/destinationPort/range/end',
  },
  {
    kind: 'ClusterNetworkPolicy',
    version: 'policy.networking.k8s.io/v1beta1',
    what: 'host bits in v1beta1',
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: SUBJECT,
      egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.1/8'] }] }],
    },
    pointer: '/spec/egress/0/to/0/networks/0',
  },
  {
    ...CNP,
    what: 'a domain that is all domains',
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: SUBJECT,
      egress: [{ action: 'Accept', to: [{ domainNames: ['*'] }] }],
    },
    pointer: '/spec/egress/0/to/0/domainNames/0',
  },
];

t.test('what the API server refuses is refused, in a snapshot and in a manifest', async (t) => {
  const items = policedItems();
  for (const { what, spec, pointer, kind = 'NetworkPolicy', version = 'networking.k8s.io/v1' } of WRONG) {
    const own = kind === 'NetworkPolicy' ? { name: 'p', namespace: 'shop' } : { name: 'p' };
    const manifest = { apiVersion: version, kind, metadata: own, spec };
    t.throws(
      () => readSnapshot({ inline: { kind: 'List', items: [...items, manifest] } }),
      { code: 'INVALID_SNAPSHOT', problems: [{ pointer: `/items/${items.length}${pointer}` }] } as never,
      `${what}: in a snapshot`,
    );
    const { result } = ask('apply', { changes: [{ apply: { manifests: [manifest] } } as Change] }, policedSnapshot());
    t.equal(result.objects[0]?.outcome, 'REFUSED', `${what}: in a manifest`);
    try {
      ask('path', { path, changes: [{ apply: { manifests: [manifest] } } as Change] }, policedSnapshot());
      t.fail(`${what}: is taken`);
    } catch (error) {
      // Where nothing stands, the place is that of what should hold it.
      const place = (error as QuestionError).problems[0]?.pointer ?? '';
      const whole = `/changes/0/apply/manifests/0${pointer}`;
      t.ok(whole.startsWith(place) && whole.length - place.length < 13, `${what}: its place in the request, ${place}`);
    }
  }
});

t.test('what the API server took before is read: host bits are masked', async (t) => {
  const policy = networkPolicy('db', { ...DB, ingress: [{ from: [{ ipBlock: { cidr: '10.244.1.77/24' } }] }] });
  t.same(verdicts([policy]), ['DELIVERED']);
});

t.test('objects of kinds without a namespace are named without one', (t) => {
  for (const kind of ['AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy', 'Namespace', 'Node'])
    t.equal(describeChange({ delete: { kind, name: 'x' } }), `delete ${kind} x`);
  t.equal(describeChange({ delete: { kind: 'NetworkPolicy', name: 'x' } }), 'delete NetworkPolicy default/x');
  t.end();
});
