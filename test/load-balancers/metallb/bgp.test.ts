/**
 * MetalLB's BGPAdvertisements and BGPPeers. Source: metallb.io, "Advanced BGP configuration"; metallb/metallb
 * speaker/bgp_controller.go.
 */
import t from 'tap';
import type { BalancedOptions } from '../../support/balanced.js';
import { through } from '../through.js';

const object = (kind: string, name: string, spec: object) => ({
  apiVersion: kind === 'BGPPeer' ? 'metallb.io/v1beta2' : 'metallb.io/v1beta1',
  kind,
  metadata: { name, namespace: 'metallb-system' },
  spec,
});
const pool = object('IPAddressPool', 'pool', { addresses: ['203.0.113.0/24'] });
const advertisement = (name: string, spec: object = {}) => object('BGPAdvertisement', name, spec);
const on = (...nodes: readonly string[]) => ({
  nodeSelectors: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: nodes }] }],
});
const peer = (name: string, spec: object) =>
  object('BGPPeer', name, { myASN: 64500, peerASN: 64501, peerAddress: '10.0.0.254', ...spec });
const POOLED: BalancedOptions = { pods: [2, 1, 0], annotations: { 'metallb.io/ip-allocated-from-pool': 'pool' } };
const asked = (objects: readonly unknown[], options: Partial<BalancedOptions> = {}) =>
  through({ ...POOLED, ...options }, { objects: [pool, ...objects] });
const LOCAL = { policy: 'Local' } as const;
const EVEN = ['1/3', '1/3', '1/3'];

t.test('peers and their nodes', async (t) => {
  t.same(asked([advertisement('a')]).backends, EVEN);
  t.same(asked([advertisement('a'), peer('p', {})]).backends, EVEN);
  t.same(
    asked([advertisement('a'), peer('p', on('n1', 'n3'))]).balancer?.backends.map(({ node }) => node),
    ['n1', 'n3'],
  );
  const two = [peer('p', on('n1')), peer('q', on('n2'))];
  t.same(
    asked([advertisement('a', { peers: ['q'] }), ...two]).balancer?.backends.map(({ node }) => node),
    ['n2'],
    'peers by name',
  );
  t.same(
    asked([advertisement('a', { peers: ['gone'] }), ...two]).verdicts,
    ['1 UNREACHABLE/NO_BACKENDS'],
    'a peer that is not there',
  );
  t.same(
    asked([advertisement('a', on('n2'))]).balancer?.backends.map(({ node }) => node),
    ['n2'],
  );
});

t.test('localPref counts for peers of the same autonomous system', async (t) => {
  const prefs = [advertisement('a', { ...on('n1'), localPref: 200 }), advertisement('b', on('n2', 'n3'))];
  t.same(asked(prefs).backends, ['1', '0', '0'], 'no peer is known: taken to be of the same');
  t.ok(asked(prefs).assumed('localPref'));
  t.same(asked([...prefs, peer('p', { peerASN: 64500 })]).backends, ['1', '0', '0']);
  t.same(asked([...prefs, peer('p', {})]).backends, EVEN, 'peers of another system do not see it');
  t.same(asked([...prefs, peer('p', { peerASN: undefined, dynamicASN: 'internal' })]).backends, ['1', '0', '0']);
  const both = [advertisement('a', { localPref: 200 }), advertisement('b', { localPref: 50 })];
  t.same(asked(both).backends, EVEN, 'the best route of each node');
});

t.test('aggregation', async (t) => {
  const other = (policy: 'Local' | 'Cluster', ip = '203.0.113.99') => [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'other', namespace: 'default', annotations: POOLED.annotations },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '172.30.0.9',
        clusterIPs: ['172.30.0.9'],
        externalTrafficPolicy: policy,
        healthCheckNodePort: 32777,
        ports: [{ name: 'p', port: 90, protocol: 'TCP', targetPort: 8080, nodePort: 31090 }],
      },
      status: { loadBalancer: { ingress: [{ ip }] } },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'other-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'other' } },
      addressType: 'IPv4',
      ports: [{ name: 'p', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.20.3.77'], conditions: { ready: true }, nodeName: 'n3' }],
    },
  ];
  const short = advertisement('short', { aggregationLength: 24 });
  t.same(asked([short], LOCAL).backends, ['1/2', '1/2', '0'], 'no other Service: nodes with pods announce the prefix');
  const shared = asked([short, ...other('Local')], LOCAL);
  t.same(shared.backends, EVEN, 'a node announces the prefix for another Service');
  t.same(shared.verdicts, ['2/3 DELIVERED', '1/3 DROPPED/NO_LOCAL_ENDPOINTS'], 'and drops what it gets for this one');
  t.same(
    asked([short, ...other('Local', '203.0.112.9')], LOCAL).backends,
    ['1/2', '1/2', '0'],
    'one outside the prefix',
  );
  const long = advertisement('long', { localPref: 50 });
  t.same(asked([short, long, ...other('Local')], LOCAL).backends, ['1/2', '1/2', '0'], 'the longest prefix wins');
  const apart = [short, advertisement('long', on('n2')), ...other('Local')];
  t.same(asked(apart, LOCAL).backends, ['0', '1', '0'], 'also where one node alone announces it');
  for (const odd of [-1, 'x', 1.5, null, 64]) {
    t.same(asked([advertisement('a', { aggregationLength: odd })], LOCAL).backends, ['1/2', '1/2', '0'], String(odd));
  }
});

t.test('both modes', async (t) => {
  const both = asked([advertisement('a'), object('L2Advertisement', 'l', {})]);
  t.equal(both.balancer?.implementation, 'metallb-l2');
  t.equal(both.assumed('mode'), 'layer 2');
});

t.test('who leads in layer 2 by ServiceL2Status', async (t) => {
  const l2 = object('L2Advertisement', 'l', {});
  const status = (node: unknown) => ({
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: { name: 's', namespace: 'metallb-system' },
    status: { node, serviceName: 'web', serviceNamespace: 'default', interfaces: [{ name: 'eth0' }] },
  });
  for (const [index, node] of ['n1', 'n2', 'n3'].entries()) {
    const { backends, assumed } = asked([l2, status(node)]);
    t.equal(backends[index], '1', node);
    t.equal(assumed('leader'), undefined);
  }
  t.ok(asked([l2, status('gone')]).assumed('leader'), 'a node that is gone leads nothing');
  t.ok(asked([l2, status(7)]).assumed('leader'));
  const away = object('L2Advertisement', 'l', on('n1'));
  t.equal(asked([away, status('n2')]).backends[0], '1', 'an advertisement that no longer selects it');
  const local = asked([l2, status('n3')], LOCAL);
  t.equal(local.backends[2], '0', 'under Local it has no endpoint, so that another leads');
});
