/** What is not modelled is UNKNOWN in every question, finding and exit code, and never "passed" or "unchanged". */
import t, { type Test } from 'tap';
import { holdsUnknown } from '../../src/cli/unknown.js';
import type { Answer, CheckResult } from '../../src/contract/answers.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { type ReportForm, render } from '../../src/reports/render.js';
import { lab } from '../support/lab.js';
import { agent, type SmallOptions, small } from '../support/small-cluster.js';

const WEB = { namespace: 'default', name: 'web' };
const CLUSTERS: readonly (readonly [string, SmallOptions])[] = [
  ['userspace', { mode: 'userspace' }],
  ['Cilium', { more: [agent('kube-system', 'cilium-abcde', { 'k8s-app': 'cilium' })] }],
];
const patch = (spec: Readonly<Record<string, unknown>>): Change => ({
  patch: { kind: 'Service', ...WEB, patch: { spec } },
});
const SCALED: Change = { scale: { kind: 'Deployment', ...WEB, replicas: 0 } };
const CHANGES: readonly (readonly [string, Change])[] = [
  ['a selector that matches nothing', patch({ selector: { app: 'nobody' } })],
  ['no replicas', SCALED],
  ['a node that leaves', { node: { name: 'n2', action: 'REMOVE', reschedule: false } }],
  ['an annotation', { patch: { kind: 'Service', ...WEB, patch: { metadata: { annotations: { a: 'b' } } } } }],
];

const FORMS: readonly ReportForm[] = ['text', 'markdown', 'junit', 'sarif'];

function examine(t: Test, name: string, answer: Answer<CheckResult>, code: string): void {
  const { result } = answer;
  t.ok(result.counts.touched > 0, `${name}: touched`);
  t.match(result.unknown?.services, ['default/web'], `${name}: unknown`);
  t.ok(holdsUnknown(answer), `${name}: exits with 4`);
  t.equal(result.failed, false, `${name}: not failed`);
  t.ok(
    answer.findings.some((finding) => finding.code === code),
    `${name}: ${code}`,
  );
  for (const { doors } of result.services) for (const door of doors) t.not(door.change, 'SAME', `${name}: ${door.via}`);
  const [text, markdown, junit, sarif] = FORMS.map((form) => render('check', answer, form, {}));
  t.notMatch(`${text}${markdown}`, /passed/i, name);
  t.match(text, /^Not known: /, name);
  t.match(junit, /errors="[1-9]/, name);
  t.match(sarif, /"unknown": \{/, name);
}

t.test('check', async (t) => {
  for (const [cluster, options] of CLUSTERS) {
    for (const [what, change] of CHANGES) {
      const answer = ask('check', { check: {}, changes: [change] }, small(options));
      examine(t, `${cluster}, ${what}`, answer, 'CHECK_UNKNOWN');
    }
    const emptied = ask('check', { check: {}, changes: [SCALED] }, small(options));
    t.ok(
      emptied.findings.some(({ code }) => code === 'SERVICE_WITHOUT_ENDPOINTS'),
      cluster,
    );
  }
});

t.test('a Service that is deleted', async (t) => {
  const before = small({ mode: 'userspace' });
  const other = small({ mode: 'userspace', service: {} });
  const without = {
    ...other,
    digest: 'sha256:other',
    cluster: other.cluster.with({ services: new Map([['default/web', undefined]]) }),
  };
  const answer = ask('check', { check: {} }, before, without);
  examine(t, 'deleted', answer, 'SERVICE_DELETED');
});

t.test('what-if does not say that nothing changes', async (t) => {
  for (const [cluster, options] of CLUSTERS) {
    const shares = ask('what-if', { changes: [SCALED], probability: { services: [WEB] } }, small(options));
    t.same(shares.result.difference, { ...shares.result.difference, unchanged: 0 });
    const path = { source: { pod: 'default/client' }, destination: { service: WEB } };
    const way = ask('what-if', { changes: [SCALED], path }, small(options));
    for (const answer of [shares, way]) {
      const text = render('what-if', answer, 'text', {});
      t.notMatch(text, /No share changes|stays as it is/, cluster);
      t.ok(holdsUnknown(answer), cluster);
    }
  }
});

t.test('a sweep does not decide a bound', async (t) => {
  const sweep = { scale: { kind: 'Deployment', ...WEB }, from: 1, to: 3, bound: { delivered: 1 }, services: [WEB] };
  const answer = ask('sweep', { sweep } as never, small({ mode: 'userspace' }));
  t.match(answer.result.bound?.explanation, /is not known/);
  t.match(render('sweep', answer, 'text', {}), /not known/);
});

t.test('a change that touches nothing passes where all is modelled', async (t) => {
  const answer = ask('check', { check: {}, changes: [CHANGES[3]?.[1] as Change] }, small({ mode: 'iptables' }));
  t.equal(answer.result.unknown, undefined);
  t.match(render('check', answer, 'text', {}), /^Passed/);
});

const POLICY = (metadata = {}, spec = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'default', ...metadata },
  spec: { podSelector: {}, ...spec },
});

/** What Cilium names the labels of a pod's namespace by. */
const CILIUM_NS = 'io.cilium.k8s.namespace.labels';

t.test('network policies', async (t) => {
  const code = 'NETWORK_POLICY_NOT_EVALUATED';
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { team: 'a' } } };
  const admin = (namespaces: unknown) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'a' },
    spec: { priority: 10, subject: { namespaces } },
  });
  const cilium = (endpointSelector: unknown) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'c', namespace: 'default' },
    spec: { endpointSelector },
  });
  const calico = (selector: string) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'g' },
    spec: { selector },
  });
  for (const [name, more, expected] of [
    ['all pods of the namespace, which is evaluated', [POLICY()], false],
    ['a namespace by label, which is evaluated', [namespace, admin({ matchLabels: { team: 'a' } })], false],
    ['Cilium', [cilium({ matchLabels: { 'k8s:app': 'web' } })], true],
    ['Cilium, others', [cilium({ matchLabels: { app: 'x' } })], false],
    ['Cilium, any source', [cilium({ matchLabels: { 'any:app': 'web', app: 'web' } })], true],
    [
      'Cilium, a namespace by its name',
      [cilium({ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'default' } })],
      true,
    ],
    ['Cilium, another namespace', [cilium({ matchLabels: { 'io.kubernetes.pod.namespace': 'x' } })], false],
    ['Cilium, a namespace by label', [namespace, cilium({ matchLabels: { [`k8s:${CILIUM_NS}.team`]: 'a' } })], true],
    ['Cilium, others by label', [namespace, cilium({ matchLabels: { [`${CILIUM_NS}.team`]: 'b' } })], false],
    ['Cilium, a namespace that is not known', [cilium({ matchLabels: { [`k8s:${CILIUM_NS}.team`]: 'b' } })], true],
    ['Cilium, a service account', [cilium({ matchLabels: { 'io.cilium.k8s.policy.serviceaccount': 'x' } })], true],
    [
      'Cilium, a service account of others',
      [cilium({ matchLabels: { 'io.cilium.k8s.policy.serviceaccount': 'x', app: 'x' } })],
      false,
    ],
    ['Calico', [calico("app == 'web'")], true],
    ['Calico, others', [calico("app == 'x'")], false],
    ['Calico, not understood', [calico("app =~ 'x'")], true],
  ] as const) {
    const snapshot = small({ mode: 'iptables', more });
    const path = { source: { pod: 'default/client' }, destination: { service: WEB } };
    const found = [
      ask('probability', { probability: { services: [WEB] } }, snapshot),
      ask('path', { path }, snapshot),
      ask('what-if', { changes: [SCALED], path }, snapshot),
      ask('check', { check: {}, changes: [SCALED] }, snapshot),
      ask(
        'sweep',
        { sweep: { scale: { kind: 'Deployment', ...WEB }, from: 1, to: 2, services: [WEB] } } as never,
        snapshot,
      ),
    ].map(({ findings }) => findings.find((finding) => finding.code === code)?.severity);
    t.same(found, new Array(5).fill(expected ? 'WARNING' : undefined), name);
  }
  for (const apiVersion of ['cilium.io/v2']) {
    const change = { apply: { manifests: [{ ...cilium({}), apiVersion }] } } as Change;
    const answer = ask('check', { check: {}, changes: [change] }, small({ mode: 'iptables' }));
    examine(t, `a new policy, ${apiVersion}`, answer, code);
  }
  const elsewhere = {
    apply: { manifests: [{ ...cilium({}), metadata: { name: 'c', namespace: 'x' } }] },
  } as Change;
  const answer = ask('check', { check: {}, changes: [elsewhere] }, small({ mode: 'iptables' }));
  t.ok(holdsUnknown(answer), 'a policy that selects nobody here may select clients');
  t.notMatch(render('check', answer, 'text', {}), /Passed|touches 0/);
});

t.test('before 1.29 there is no nftables mode: nothing is said of what such a node programs', async (t) => {
  const answer = (version: string) => {
    const source = { podOn: 'node-1' };
    const destination = { service: { namespace: 'default', name: 'svc' } };
    const settings = { kubernetesVersion: version, kubeProxy: { mode: 'nftables' as const } };
    return ask('path', { settings, path: { source, destination } }, lab({ services: [{}] })).result.verdicts[0];
  };
  t.match(answer('1.28'), { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE' });
  t.match(answer('1.29'), { verdict: 'DELIVERED' });
});
