/**
 * Who holds an address: kube-vip's elections and leases, Cilium's leases and BGP. Sources: kube-vip, "Kubernetes
 * Load-Balancer Service", "Flags and environment variables"; Cilium, "L2 Announcements", "BGP Control Plane Resources".
 */
import t from 'tap';
import type { BalancedOptions } from '../../support/balanced.js';
import { type Through, through } from '../through.js';

const PODS: BalancedOptions = { pods: [2, 1, 0] };
const lease = (name: string, holderIdentity: unknown, namespace = 'kube-system') => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace },
  spec: { holderIdentity, leaseDurationSeconds: 5 },
});
const vip = (env: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'kube-vip-ds-x', namespace: 'kube-system', uid: 'kv' },
  spec: {
    nodeName: 'n1',
    hostNetwork: true,
    containers: [{ name: 'kube-vip', env: Object.entries(env).map(([name, value]) => ({ name, value })) }],
  },
  status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] },
});
const asked = (objects: readonly unknown[], options: Partial<BalancedOptions> = {}, more: Through = {}) =>
  through({ ...PODS, ...options }, { objects, ...more });
const LOCAL = { policy: 'Local' } as const;

t.test('kube-vip: one leader for all Services', async (t) => {
  const global = asked([vip({ vip_arp: 'true', svc_enable: 'true' })]);
  t.equal(global.balancer?.implementation, 'kube-vip');
  t.same(global.backends, ['1/3', '1/3', '1/3'], 'which node it is, nothing says');
  t.ok(global.assumed('leader'));
  const led = asked([vip({ vip_arp: 'true' }), lease('plndr-svcs-lock', 'n3')]);
  t.same(led.backends, ['0', '0', '1'], 'the lease says');
  t.equal(led.assumed('leader'), undefined);
  const local = asked([vip({ vip_arp: 'true' }), lease('plndr-svcs-lock', 'n3')], LOCAL);
  t.same(local.verdicts, ['1 DROPPED/NO_LOCAL_ENDPOINTS'], 'also where the leader has no endpoint');
  t.same(
    asked([vip({}), lease('plndr-svcs-lock', 'gone')]).backends,
    ['1/3', '1/3', '1/3'],
    'a holder that is no node',
  );
  for (const odd of [7, null, '', {}])
    t.same(asked([vip({}), lease('plndr-svcs-lock', odd)]).backends, ['1/3', '1/3', '1/3']);
});

t.test('kube-vip: an election for each Service', async (t) => {
  const each = vip({ vip_arp: 'true', svc_election: 'true' });
  t.same(asked([each], LOCAL).backends, ['1/2', '1/2', '0'], 'under Local only nodes with endpoints take part');
  t.same(asked([each]).backends, ['1/3', '1/3', '1/3']);
  t.same(asked([each, lease('kubevip-web', 'n2', 'default')], LOCAL).backends, ['0', '1', '0']);
  t.same(
    asked([each, lease('plndr-svcs-lock', 'n3')], LOCAL).backends,
    ['1/2', '1/2', '0'],
    'that lease is of the other kind',
  );
  const stale = asked([each, lease('kubevip-web', 'n3', 'default')], LOCAL);
  t.same(stale.backends, ['1/2', '1/2', '0'], 'who has no endpoint cannot hold it');
  const said = { settings: { loadBalancer: { options: { leader: 'n2' } } } } as const;
  t.same(asked([each], {}, said).backends, ['0', '1', '0'], 'the request says');
});

t.test('kube-vip by BGP: every node', async (t) => {
  const bgp = asked([vip({ bgp_enable: 'true', svc_enable: 'true' })]);
  t.same(bgp.backends, ['1/3', '1/3', '1/3']);
  t.equal(bgp.assumed('leader'), undefined);
  t.ok(bgp.assumed('ecmp'));
  t.match(bgp.balancer?.affinity, /routers hash/);
});

t.test('Cilium in layer 2: the lease of the Service', async (t) => {
  const policy = (spec: object) => ({
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumL2AnnouncementPolicy',
    metadata: { name: 'p' },
    spec: { loadBalancerIPs: true, ...spec },
  });
  const held = asked([policy({}), lease('cilium-l2announce-default-web', 'n2')]);
  t.equal(held.balancer?.implementation, 'cilium-l2');
  t.same(held.backends, ['0', '1', '0']);
  t.same(asked([policy({})]).backends, ['1/3', '1/3', '1/3']);
  const away = policy({ nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'n1' } } });
  t.same(
    asked([away, lease('cilium-l2announce-default-web', 'n2')]).backends,
    ['1', '0', '0'],
    'a policy that no longer selects the holder',
  );
  for (const broken of ['x', 7, { matchExpressions: 'x' }, { matchExpressions: [null] }, { matchLabels: { a: 1 } }]) {
    t.doesNotThrow(() => asked([policy({ nodeSelector: broken })]), JSON.stringify(broken));
  }
});

t.test('Cilium by BGP: nodes that an object selects', async (t) => {
  const config = (nodeSelector: unknown) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumBGPClusterConfig',
    metadata: { name: 'c' },
    spec: { nodeSelector, bgpInstances: [] },
  });
  const advertisement = (selector: unknown, addresses: unknown = ['LoadBalancerIP']) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumBGPAdvertisement',
    metadata: { name: 'a' },
    spec: { advertisements: [{ advertisementType: 'Service', service: { addresses }, selector }] },
  });
  const own = { matchLabels: { 'io.kubernetes.service.name': 'web' } };
  const onN1 = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1', 'n3'] }] };
  const all = asked([config({}), advertisement(own)]);
  t.equal(all.balancer?.implementation, 'cilium-bgp');
  t.same(all.backends, ['1/3', '1/3', '1/3']);
  t.same(
    asked([config({}), advertisement(own)], LOCAL).backends,
    ['1/2', '1/2', '0'],
    'under Local nodes with endpoints',
  );
  t.same(
    asked([config(onN1), advertisement(own)]).balancer?.backends.map(({ node }) => node),
    ['n1', 'n3'],
  );
  const name = (objects: readonly unknown[]) => asked(objects).balancer?.implementation;
  t.equal(name([config({}), advertisement({ matchLabels: { app: 'x' } })]), 'generic', 'another Service');
  t.equal(name([config({}), advertisement(undefined)]), 'generic', 'no selector selects none');
  t.equal(name([config({}), advertisement(own, ['ClusterIP'])]), 'generic', 'another kind of address');
  t.equal(name([advertisement(own)]), 'generic', 'no node');
  const policy = {
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumBGPPeeringPolicy',
    metadata: { name: 'p' },
    spec: { nodeSelector: onN1, virtualRouters: [{ localASN: 64512, serviceSelector: own }] },
  };
  t.same(
    asked([policy]).balancer?.backends.map(({ node }) => node),
    ['n1', 'n3'],
    'the former object',
  );
  for (const odd of [null, 7, 'x', [], [null], [{ advertisementType: 7 }]]) {
    const broken = { ...advertisement(own), spec: { advertisements: odd } };
    t.equal(name([config({}), broken]), 'generic', JSON.stringify(odd));
  }
});
