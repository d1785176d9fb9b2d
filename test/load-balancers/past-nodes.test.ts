/**
 * Load balancers whose backends are pods: the nodes' rules are not met, so that externalTrafficPolicy and
 * sessionAffinity do not apply, and no text says that they do. Source: GKE, "Container-native load balancing"; AWS Load
 * Balancer Controller, target type ip.
 */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { WEB } from '../support/balanced.js';
import { type Shown, snapshotOf } from './proof/observe.js';
import { PROVIDERS } from './proof/providers.js';

const STICKY = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
const QUESTION = { services: [WEB], clients: { loadBalancer: {} } };

/** The provider's Service with session affinity, policy Local and node ports. */
function sticky(shown: Shown) {
  const type = (shown.options?.spec?.type as string | undefined) ?? 'LoadBalancer';
  return snapshotOf(shown, { policy: 'Local', spec: { ...STICKY, type: type === 'ClusterIP' ? 'NodePort' : type } });
}

for (const name of ['gke-container-native', 'aws-nlb, IP targets', 'aws-alb, IP targets'] as const) {
  t.test(name, async (t) => {
    const snapshot = sticky(PROVIDERS[name]);
    const { result, findings } = ask('probability', { probability: QUESTION }, snapshot);
    const [service] = result.services;
    t.same(
      service?.endpoints.map(({ share }) => share.fraction),
      ['1/3', '1/3', '1/3'],
      'every pod alike, whatever the policy',
    );
    t.equal(service?.affinity, undefined, 'no affinity of a node is reported');
    const all = [...findings, ...ask('inspect', { inspect: {} }, snapshot).findings];
    const local = all.filter(({ code }) => code === 'LOCAL_POLICY_WITHOUT_ENDPOINTS').map(({ message }) => message);
    t.ok(
      local.every((message) => /to its node ports .*the policy does not apply to it\.$/.test(message)),
      local[0] ?? '',
    );
    const affinity = all.filter(({ code }) => code === 'SESSION_AFFINITY').map(({ message }) => message);
    t.ok(
      affinity.every((message) => /does not apply to what comes through its load balancer/.test(message)),
      affinity[0] ?? '',
    );
    t.ok(all.every(({ message }) => !/health check of its load balancer leaves these nodes out/.test(message)));
  });
}

t.test('over nodes they apply, and are reported', async (t) => {
  const { result, findings } = ask(
    'probability',
    { probability: QUESTION },
    sticky(PROVIDERS['gke-external-passthrough']),
  );
  t.equal(result.services[0]?.affinity?.timeoutSeconds, 600);
  const texts = findings.map(({ code, message }) => `${code} ${message}`);
  t.ok(texts.some((one) => /^LOCAL_POLICY.*leaves these nodes out/.test(one)));
  t.ok(texts.some((one) => /^SESSION_AFFINITY .*draws anew\.$/.test(one)));
});
