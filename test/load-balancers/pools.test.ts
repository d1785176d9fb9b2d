/**
 * Addresses of pools. Sources: metallb.io, "Advanced AddressPool configuration"; Cilium, "LoadBalancer IP Address
 * Management".
 */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { balancedList, VIP } from '../support/balanced.js';

interface Wanted {
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly namespace?: string;
  readonly spec?: Record<string, unknown>;
}

/** The address that a new Service gets, or why none. */
function given(
  objects: readonly object[],
  { annotations = {}, labels = {}, namespace = 'default', spec = {} }: Wanted = {},
) {
  const list = balancedList({ pods: [1] });
  const namespaces = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team', labels: { tier: 'gold' } } };
  const snapshot = readSnapshot({ inline: { ...list, items: [...list.items, namespaces, ...objects] } });
  const manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'new', namespace, annotations, labels },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 90, targetPort: 8080 }], ...spec },
  };
  const changes = [{ apply: { manifests: [manifest] } }] as unknown as Change[];
  const answer = ask('probability', { changes, probability: { services: [{ namespace, name: 'new' }] } }, snapshot);
  const choices = answer.changes.flatMap((change) => change.choices);
  const address = choices.find(({ what }) => /address of the load balancer of Service/.test(what));
  return address?.taken === 'none' ? `pending: ${address.why}` : address?.taken;
}

const metallb = (name: string, spec: object) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'metallb-system' },
  spec,
});
const SPEAKER = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'speaker', namespace: 'metallb-system' },
  spec: {
    selector: { matchLabels: { app: 'm' } },
    template: { metadata: { labels: { app: 'm' } }, spec: { containers: [{ name: 'c' }] } },
  },
};

t.test('MetalLB', async (t) => {
  const pools = (...objects: readonly object[]) => [SPEAKER, ...objects];
  t.equal(given(pools(metallb('a', { addresses: ['198.51.100.4/30'] }))), '198.51.100.4');
  t.equal(
    given(pools(metallb('a', { addresses: [`${VIP}-203.0.113.90`] }))),
    '203.0.113.81',
    'one that is taken is passed over',
  );
  t.match(given(pools(metallb('a', { addresses: [`${VIP}/32`] }))), /^pending: .*free IPv4 address/);
  const manual = metallb('manual', { addresses: ['198.51.100.0/30'], autoAssign: false });
  t.match(given(pools(manual)), /^pending: .*autoAssign/);
  t.equal(
    given(pools(manual), { annotations: { 'metallb.io/address-pool': 'manual' } }),
    '198.51.100.0',
    'asked for by name',
  );
  t.match(
    given(pools(manual), { annotations: { 'metallb.io/address-pool': 'gone' } }),
    /^pending: There is no IPAddressPool gone/,
  );
  t.match(given(pools(manual), { spec: { loadBalancerIP: '192.0.2.1' } }), /^pending: No pool .*192\.0\.2\.1/);
  t.equal(given(pools(manual), { spec: { loadBalancerIP: '198.51.100.2' } }), '198.51.100.2');
  const first = (serviceAllocation: object) =>
    pools(
      metallb('plain', { addresses: ['198.51.100.0/30'] }),
      metallb('own', { addresses: ['192.0.2.0/30'], serviceAllocation }),
    );
  t.equal(given(first({ priority: 10 })), '192.0.2.0', 'a pool with a priority comes first');
  t.equal(given(first({ priority: 10, namespaces: ['team'] })), '198.51.100.0');
  t.equal(given(first({ priority: 10, namespaces: ['team'] }), { namespace: 'team' }), '192.0.2.0');
  const gold = { priority: 10, namespaceSelectors: [{ matchLabels: { tier: 'gold' } }] };
  t.equal(given(first(gold), { namespace: 'team' }), '192.0.2.0', 'by a label of the namespace');
  const edge = { priority: 10, serviceSelectors: [{ matchExpressions: [{ key: 'edge', operator: 'Exists' }] }] };
  t.equal(given(first(edge)), '198.51.100.0');
  t.equal(given(first(edge), { labels: { edge: '' } }), '192.0.2.0', 'by a label of the Service');
  for (const odd of [undefined, null, 7, ['x', '9-1', '10.0.0.9-10.0.0.1', '10.0.0.0/99', 7]]) {
    t.match(given(pools(metallb('a', { addresses: odd }))), /^pending: /, JSON.stringify(odd));
  }
  t.match(given([SPEAKER]), /^198\.1[89]\./, 'without pools one that stands for it');
});

t.test('Cilium', async (t) => {
  const policy = {
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumL2AnnouncementPolicy',
    metadata: { name: 'p' },
    spec: {},
  };
  const pool = (spec: object) => [
    policy,
    { apiVersion: 'cilium.io/v2', kind: 'CiliumLoadBalancerIPPool', metadata: { name: 'pool' }, spec },
  ];
  t.equal(given(pool({ blocks: [{ cidr: '198.51.100.0/30' }] })), '198.51.100.0');
  t.equal(given(pool({ blocks: [{ cidr: '198.51.100.0/30' }], allowFirstLastIPs: 'No' })), '198.51.100.1');
  t.equal(given(pool({ blocks: [{ start: '198.51.100.7', stop: '198.51.100.9' }] })), '198.51.100.7');
  t.match(given(pool({ blocks: [{ cidr: '198.51.100.0/30' }], disabled: true })), /^pending: /);
  const blue = { blocks: [{ cidr: '198.51.100.0/30' }], serviceSelector: { matchLabels: { color: 'blue' } } };
  t.match(given(pool(blue)), /^pending: No CiliumLoadBalancerIPPool serves/);
  t.equal(given(pool(blue), { labels: { color: 'blue' } }), '198.51.100.0');
  for (const odd of [undefined, 'x', [null, 7, { cidr: 7 }, { start: '::1', stop: '10.0.0.1' }]]) {
    t.match(given(pool({ blocks: odd })), /^pending: /, JSON.stringify(odd));
  }
});
