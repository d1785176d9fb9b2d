/** A pod that reaches itself through its Service: NetworkPolicies never cut it off, ClusterNetworkPolicies may. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { enforcer, NAMESPACES, networkPolicy, policedSnapshot } from '../support/policed-cluster.js';

const ENFORCER = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v1.0.0-npa-v1alpha2');
const SHOP = { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } };
const DENY = { action: 'Deny', from: [{ namespaces: {} }] };
const ISOLATES = networkPolicy('closed', { podSelector: {}, policyTypes: ['Ingress'], ingress: [] });

const cluster = (tier: 'Admin' | 'Baseline', ...ingress: readonly unknown[]) => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: tier.toLowerCase() },
  spec: { tier, priority: 1, subject: SHOP, ingress },
});

const MODES = ['iptables', 'nftables', 'ipvs'] as const;

function outcome(
  policies: readonly unknown[],
  namespaces: readonly unknown[] = NAMESPACES,
  mode: (typeof MODES)[number] = 'iptables',
): string {
  const snapshot = policedSnapshot({ policies, namespaces, more: [ENFORCER] });
  const question = {
    source: { pod: 'shop/db-0' },
    destination: { service: { namespace: 'shop', name: 'db', port: 80 } },
  };
  const { traces = [] } = ask('path', { path: question, settings: { kubeProxy: { mode } } } as never, snapshot)
    .result as {
    traces?: readonly { verdict: string; cause?: string }[];
  };
  return traces.map(({ verdict, cause }) => [verdict, cause].join(' ').trim()).join(', ');
}

t.test('each tier counts in its turn', async (t) => {
  t.equal(outcome([ISOLATES]), 'DELIVERED');
  t.equal(outcome([cluster('Admin', DENY)]), 'DROPPED NETWORK_POLICY');
  t.equal(outcome([cluster('Baseline', DENY)]), 'DROPPED NETWORK_POLICY');
  t.equal(outcome([cluster('Baseline', DENY), ISOLATES]), 'DELIVERED', 'the baseline is not for isolated pods');
  t.equal(
    outcome([cluster('Admin', { ...DENY, action: 'Pass' }), cluster('Baseline', DENY), ISOLATES]),
    'DELIVERED',
    'nor after a rule that passes on',
  );
  t.equal(outcome([cluster('Admin', { ...DENY, action: 'Pass' }, DENY)]), 'DELIVERED', 'passing on skips the rest');
});

t.test('it went through its Service in every mode of kube-proxy', async (t) => {
  for (const mode of MODES) {
    t.equal(outcome([cluster('Admin', DENY)], NAMESPACES, mode), 'DROPPED NETWORK_POLICY', mode);
    t.equal(outcome([ISOLATES], NAMESPACES, mode), 'DELIVERED', mode);
  }
});

t.test('a rule of which it is not known whether it matches does not decide', async (t) => {
  const maybe = (action: string) => ({ action, from: [{ namespaces: { matchLabels: { team: 'a' } } }] });
  t.equal(outcome([cluster('Admin', maybe('Accept'), DENY)], []), 'UNKNOWN MISSING_DATA');
  t.equal(outcome([cluster('Admin', maybe('Deny'))], []), 'UNKNOWN MISSING_DATA');
  t.equal(outcome([cluster('Admin', maybe('Deny'), DENY)], []), 'DROPPED NETWORK_POLICY');
  t.equal(outcome([cluster('Admin', maybe('Accept'))], []), 'DELIVERED');
});
