/** Policies of administrators that their definitions refuse: each with its place, applied and in a snapshot. */
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { ask } from '../../src/questions/ask.js';
import { policedSnapshot } from '../support/policed-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const ALL = { namespaces: {} };
const OUT = { networks: ['198.51.100.0/24'] };

const anp = (spec: Fields) => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'AdminNetworkPolicy',
  metadata: { name: 'one' },
  spec: { priority: 1, subject: ALL, ...spec },
});
const cnp = (spec: Fields) => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'one' },
  spec: { tier: 'Admin', priority: 1, subject: ALL, ...spec },
});
const from = (count: number) => Array.from({ length: count }, () => ({ action: 'Deny', from: [ALL] }));
const to = (more: Fields, peer: Fields = OUT) => ({ egress: [{ action: 'Deny', to: [peer], ...more }] });
const networks = (count: number) => Array.from({ length: count }, (_, index) => `198.51.${index}.0/24`);

const WRONG: readonly (readonly [what: string, policy: Fields, pointer: string])[] = [
  ['more rules than a ClusterNetworkPolicy has', cnp({ ingress: from(26) }), '/spec/ingress'],
  ['more rules than an AdminNetworkPolicy has', anp({ ingress: from(101) }), '/spec/ingress'],
  ['more networks than a peer has', anp(to({}, { networks: networks(26) })), '/spec/egress/0/to/0/networks'],
  ['no networks', cnp(to({}, { networks: [] })), '/spec/egress/0/to/0/networks'],
  ['a network twice', cnp(to({}, { networks: ['10.0.0.0/8', '10.0.0.0/8'] })), '/spec/egress/0/to/0/networks/1'],
  ['IPv4 in IPv6', anp(to({}, { networks: ['::ffff:10.0.0.0/104'] })), '/spec/egress/0/to/0/networks/0'],
  ['octal digits', cnp(to({}, { networks: ['010.0.0.0/8'] })), '/spec/egress/0/to/0/networks/0'],
  ['no protocols in their list', cnp(to({ protocols: [] })), '/spec/egress/0/protocols'],
  ['ports of the older kind', cnp(to({ ports: [{ portNumber: { port: 80 } }] })), '/spec/egress/0/ports'],
  ['protocols of the newer kind', anp(to({ protocols: [{ tcp: {} }] })), '/spec/egress/0/protocols'],
  ['a tier of the newer kind', anp({ tier: 'Baseline', ...to({}) }), '/spec/tier'],
  [
    'names of ports of a network',
    cnp(to({ protocols: [{ destinationNamedPort: 'http' }] })),
    '/spec/egress/0/protocols/0/destinationNamedPort',
  ],
  [
    'names of ports of nodes',
    anp(to({ ports: [{ namedPort: 'http' }] }, { nodes: {} })),
    '/spec/egress/0/ports/0/namedPort',
  ],
  ['a long name', cnp(to({ name: 'n'.repeat(101) })), '/spec/egress/0/name'],
  ['a port that is no list', anp(to({ ports: 80 })), '/spec/egress/0/ports'],
  ['protocols that are no list', cnp(to({ protocols: { tcp: {} } })), '/spec/egress/0/protocols'],
  [
    'a name of a port that is a number',
    anp(to({ ports: [{ namedPort: 80 }] }, ALL)),
    '/spec/egress/0/ports/0/namedPort',
  ],
  ['a selector that is a text', cnp({ subject: { namespaces: 'all' } }), '/spec/subject/namespaces'],
  [
    'a label that is a number',
    cnp({ subject: { namespaces: { matchLabels: { env: 1 } } } }),
    '/spec/subject/namespaces/matchLabels/env',
  ],
  ['rules that are an object', anp({ ingress: {} }), '/spec/ingress'],
  ['a rule that is a text', anp({ ingress: ['deny'] }), '/spec/ingress/0'],
  ['a network that is a number', anp(to({}, { networks: [10] })), '/spec/egress/0/to/0/networks/0'],
];

const RIGHT: readonly (readonly [what: string, policy: Fields])[] = [
  ['as many rules as there may be', cnp({ ingress: from(25) })],
  ['as many of the older kind', anp({ ingress: from(100) })],
  ['as many networks', cnp(to({}, { networks: networks(25) }))],
  ['names of ports of pods', anp(to({ ports: [{ namedPort: 'http' }] }, ALL))],
  ['what is null is absent', anp({ ingress: null, egress: [{ action: 'Deny', to: [ALL], ports: null }] })],
];

/** The places of what is wrong; undefined where nothing is. */
function refused(question: () => unknown): readonly string[] | undefined {
  try {
    question();
    return undefined;
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    return error.problems.map(({ pointer }) => pointer);
  }
}

const applied = (manifest: Fields) =>
  refused(() => ask('check', { changes: [{ apply: { manifests: [manifest] } }] } as never, policedSnapshot()));
const given = (manifest: Fields) => refused(() => policedSnapshot({ policies: [manifest] }));

for (const [what, manifest, pointer] of WRONG) {
  t.test(`refused: ${what}`, async (t) => {
    t.same(applied(manifest), [`/changes/0/apply/manifests/0${pointer}`]);
    t.match(given(manifest)?.join(' '), new RegExp(`^/items/\\d+${pointer}$`));
  });
}

for (const [what, manifest] of RIGHT) {
  t.test(`taken: ${what}`, async (t) => {
    t.equal(applied(manifest), undefined);
    t.equal(given(manifest), undefined);
  });
}
