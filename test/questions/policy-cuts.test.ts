/** What-if tells what becomes of established connections that policies come to deny, by network plugin. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { render } from '../../src/reports/render.js';
import { CALICO, enforcer, networkPolicy, policedSnapshot } from '../support/policed-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const CUTS = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v1.0.0');
const NOT_KNOWN = enforcer('weave-net', 'weaveworks/weave-npc:2.8');
const closed = (app: string, ingress: readonly unknown[] = []) =>
  networkPolicy('closed', { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'], ingress });
const PATH = {
  path: { source: { pod: 'shop/web-0' }, destination: { service: { namespace: 'shop', name: 'api', port: 80 } } },
};
const SHARES = { probability: { services: [{ namespace: 'shop', name: 'api', port: 80 }] } };
/** One of the two pods alone. */
const ONE = { metadata: { labels: { 'closed.example.com': 'yes' } } };

function established(question: Fields, more: readonly unknown[], ...changes: readonly unknown[]) {
  const answer = ask('what-if', { ...question, changes } as never, policedSnapshot({ more }));
  const { kept, lost, lostEndpoints, explanation } = answer.result.established;
  return { kept: kept?.fraction, lost: lost?.fraction, pods: lostEndpoints?.map(({ pod }) => pod), explanation };
}

const apply = (manifest: unknown) => ({ apply: { manifests: [manifest] } });

for (const [what, question] of [
  ['path', PATH],
  ['probability', SHARES],
] as const) {
  t.test(`${what}: a plugin that keeps them`, async (t) => {
    const found = established(question, [CALICO], apply(closed('api')));
    t.match(found, { kept: '1', lost: '0', pods: [], explanation: /Calico leaves established connections alone/ });
  });

  t.test(`${what}: a plugin that judges every packet`, async (t) => {
    const found = established(question, [CUTS], apply(closed('api')));
    t.match(found, { kept: '0', lost: '1', explanation: /kube-network-policies judges every packet/ });
    t.same(found.pods?.toSorted(), ['shop/api-0', 'shop/api-1']);
  });

  t.test(`${what}: nothing is claimed where that is not documented`, async (t) => {
    const found = established(question, [NOT_KNOWN], apply(closed('api')));
    t.match(found, { kept: undefined, lost: undefined, explanation: /Weave Net may keep those/ });
  });

  t.test(`${what}: policies that deny nothing new leave them alone`, async (t) => {
    for (const more of [[CUTS], [NOT_KNOWN]]) {
      const found = established(question, more, apply(closed('api', [{}])));
      t.match(found, { kept: '1', lost: '0' });
      t.notMatch(found.explanation, /policies/);
    }
  });
}

t.test('what new connections lose is what is lost', async (t) => {
  const policy = networkPolicy('closed', {
    podSelector: { matchExpressions: [{ key: 'closed.example.com', operator: 'Exists' }] },
    policyTypes: ['Ingress'],
  });
  const patch = { patch: { kind: 'Pod', namespace: 'shop', name: 'api-1', patch: ONE } };
  const snapshot = policedSnapshot({ more: [CUTS] });
  const { result } = ask('what-if', { ...PATH, changes: [patch, apply(policy)] } as never, snapshot);
  const { kept, lost, explanation } = result.established;
  t.match(explanation, /judges every packet/);
  if (kept === undefined) return;
  t.same([kept.fraction, lost?.fraction], ['1/2', '1/2']);
});

t.test('nor of a Service, in figures or in words', async (t) => {
  const changes = [apply(closed('api'))];
  const snapshot = policedSnapshot({ more: [NOT_KNOWN] });
  const answer = ask('what-if', { ...SHARES, changes } as never, snapshot);
  const { difference } = answer.result as { difference: { services: readonly { established: Fields }[] } };
  t.match(difference.services, [{ established: { kept: { fraction: '0' }, lost: { fraction: '0' } } }]);
  const text = render('what-if', answer, 'text');
  t.match(text, /Established connections: not known/);
  t.notMatch(text, /1 kept/);
});

t.test('a check lists 200 pairs and says how many more there are', async (t) => {
  const ports = Array.from({ length: 100 }, (_, index) => ({
    name: `p${index}`,
    port: 1000 + index,
    targetPort: 8080,
  }));
  const wide = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'wide', namespace: 'shop' },
    spec: { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ipFamilies: ['IPv4'], selector: { app: 'api' }, ports },
  };
  const changes = [apply(closed('api'))];
  const { result } = ask('check', { changes } as never, policedSnapshot({ more: [CALICO, wide] }));
  t.equal(result.reach?.length, 200);
  const toWide = 4 * 100;
  t.ok((result.omittedPairs ?? 0) > 0 && (result.omittedPairs ?? 0) + 200 >= toWide, `${result.omittedPairs}`);
  const few = ask('check', { changes } as never, policedSnapshot({ more: [CALICO] })).result;
  t.ok((few.reach?.length ?? 0) > 0);
  t.equal(few.omittedPairs, undefined);
});
