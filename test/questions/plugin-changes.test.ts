/** What a change of who enforces policies does to connections, and what becomes of established ones. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { CALICO, networkPolicy, type PolicedOptions, policedSnapshot } from '../support/policed-cluster.js';
import { pod } from '../support/small-cluster.js';

const PROXY = pod('kube-system', 'kube-proxy-x7k2p', 'n1', {
  metadata: {
    labels: { 'k8s-app': 'kube-proxy' },
    ownerReferences: [{ kind: 'DaemonSet', name: 'kube-proxy', controller: true }],
  },
  spec: { hostNetwork: true, containers: [{ name: 'kube-proxy', image: 'registry.k8s.io/kube-proxy:v1.30.5' }] },
  ip: '10.0.0.1',
});
const PLUGIN = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'kube-system', name: 'calico-node', labels: { 'k8s-app': 'calico-node' } },
  spec: {
    selector: { matchLabels: { 'k8s-app': 'calico-node' } },
    template: {
      metadata: { labels: { 'k8s-app': 'calico-node' } },
      spec: { hostNetwork: true, containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.29.0' }] },
    },
  },
};
const DB = { matchLabels: { app: 'db' } };
const CLOSED = networkPolicy('closed', { podSelector: DB, policyTypes: ['Ingress'] });

const checked = (options: PolicedOptions, ...changes: readonly unknown[]) =>
  ask('check', { changes } as never, policedSnapshot(options));
const codesOf = ({ findings }: ReturnType<typeof checked>) => findings.map(({ code }) => code);
const apply = (manifest: unknown) => ({ apply: { manifests: [manifest] } });

t.test('a plugin that comes denies what policies said before nobody enforced them', async (t) => {
  const answer = checked({ policies: [CLOSED], more: [PROXY] }, apply(PLUGIN));
  t.equal(answer.result.failed, true);
  t.notOk(codesOf(answer).includes('CHANGE_WITHOUT_EFFECT'));
  const cuts = answer.findings.filter(({ code }) => code === 'NETWORK_POLICY_CUTS');
  t.ok(cuts.some(({ evidence }) => evidence.service === 'shop/db' && evidence.policy === 'shop/closed'));
  t.ok(cuts.some(({ evidence }) => evidence.outside === true));
  t.same(
    codesOf(checked({ more: [PROXY] }, apply(PLUGIN))).filter((code) => code.startsWith('NETWORK_POLICY')),
    [],
  );
});

t.test('a plugin that goes opens what policies denied', async (t) => {
  const gone = { delete: { kind: 'DaemonSet', namespace: 'kube-system', name: 'calico-node' } };
  const answer = checked({ policies: [CLOSED], more: [CALICO, PLUGIN, PROXY] }, gone);
  t.notOk(codesOf(answer).includes('CHANGE_WITHOUT_EFFECT'));
  const opens = answer.findings.filter(({ code }) => code === 'NETWORK_POLICY_OPENS');
  t.ok(opens.some(({ evidence }) => evidence.service === 'shop/db'));
  t.ok(opens.some(({ evidence }) => evidence.outside === true));
});

t.test('what becomes of established connections is told where only outside is denied', async (t) => {
  const inside = [{ namespaceSelector: {} }, { ipBlock: { cidr: '10.0.0.0/24' } }];
  for (const [policyTypes, rules] of [
    ['Ingress', { ingress: [{ from: inside }] }],
    ['Egress', { egress: [{ to: inside }] }],
  ] as const) {
    const policy = networkPolicy('inside', { podSelector: DB, policyTypes: [policyTypes], ...rules });
    const told = checked({}, apply(policy)).findings.filter(({ code }) => code === 'NETWORK_POLICY_ESTABLISHED');
    t.match(told, [{ severity: 'INFO', evidence: { established: 'KEPT', enforcer: 'Calico', pairs: 0 } }]);
  }
});
