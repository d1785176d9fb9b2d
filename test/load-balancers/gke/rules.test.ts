/**
 * Rules of GKE's load balancers, each with its source: versions (GKE, "LoadBalancer Service parameters"), reach (Google
 * Cloud, "Internal passthrough Network Load Balancer overview"), networks (GKE, "Multi-network LoadBalancer Services"),
 * zonal affinity.
 */
import t from 'tap';
import type { BalancedOptions } from '../../support/balanced.js';
import { type Through, through } from '../through.js';

const ZONES = ['europe-west1-b', 'europe-west1-b', 'europe-west1-c'];
const RBS = { 'cloud.google.com/l4-rbs': 'enabled' };
const INTERNAL = { 'networking.gke.io/load-balancer-type': 'Internal' };
const gke = (more: Partial<BalancedOptions> = {}): BalancedOptions => ({
  pods: [2, 1, 0],
  zones: ZONES,
  gke: true,
  ...more,
});

t.test('what holds the backends, by version', async (t) => {
  const rows: readonly (readonly [string, Partial<BalancedOptions>, RegExp])[] = [
    ['1.30.5-gke.1014001', {}, /^target pool$/],
    ['1.36.0-gke.100', {}, /^target pool$/],
    ['1.30.5-gke.1014001', { annotations: RBS }, /^instance groups$/],
    ['1.32.2-gke.1651999', { annotations: RBS }, /^instance groups$/],
    ['1.32.2-gke.1652000', { annotations: RBS }, /NEG/],
    ['1.32.3-gke.1', { annotations: RBS }, /NEG/],
    ['1.33.0-gke.1', { annotations: RBS }, /NEG/],
    ['1.30.5-gke.1014001', { annotations: INTERNAL }, /^instance groups$/],
    ['1.35.6-gke.1014001', { annotations: INTERNAL }, /^instance groups$/],
    ['1.36.0-gke.1', { annotations: INTERNAL }, /NEG/],
    ['1.33.2-gke.1', { spec: { loadBalancerClass: 'networking.gke.io/l4-regional-external' } }, /NEG/],
    ['1.33.2-gke.1', { spec: { loadBalancerClass: 'networking.gke.io/l4-regional-internal' } }, /NEG/],
  ];
  for (const [version, options, group] of rows) {
    t.match(through(gke({ version, ...options })).balancer?.group, group, `${version} ${JSON.stringify(options)}`);
  }
  const old = { loadBalancerClass: 'networking.gke.io/l4-regional-external' };
  t.equal(
    through(gke({ version: '1.33.1-gke.1000', spec: old })).assumed('class'),
    'served',
    'a class before its version',
  );
  t.equal(through(gke({ version: '1.33.1-gke.1779000', spec: old })).assumed('class'), undefined);
});

t.test('who reaches an internal load balancer', async (t) => {
  const from = (client: Through['client'], annotations: Record<string, string> = INTERNAL) =>
    through(gke({ annotations }), client === undefined ? {} : { client }).verdicts;
  const GLOBAL = { ...INTERNAL, 'networking.gke.io/internal-load-balancer-allow-global-access': 'true' };
  const yes = ['1 DELIVERED'];
  const no = ['1 UNREACHABLE/NO_ROUTE'];
  t.same(from({}), yes, 'a client of which nothing is known');
  t.same(from({ address: '10.9.9.9' }), yes, 'a private address: the VPC, or a network connected to it');
  t.same(from({ address: '8.8.8.8' }), no, 'the internet');
  t.same(from({ address: '198.51.100.9' }), no, 'an address of an example, for the internet');
  t.same(from({ address: '8.8.8.8' }, GLOBAL), no, 'global access is no access from the internet');
  t.same(from({ address: '8.8.8.8', zone: 'europe-west1-b' }), yes, 'a machine of the region with a public address');
  t.same(from({ zone: 'europe-west1-d' }), yes, 'another zone of the region');
  t.same(from({ zone: 'us-central1-a' }), no, 'another region');
  t.same(from({ zone: 'us-central1-a' }, GLOBAL), yes, 'another region, with global access');
  t.same(from({ address: '8.8.8.8' }, {}), yes, 'an external one is for everybody');
});

t.test('nodes of a Service with a network of its own', async (t) => {
  const connected = (networks: Record<string, unknown>) => (object: Record<string, unknown>) => {
    const { kind, metadata, spec } = object as { kind: string; metadata: { name: string }; spec: { selector: object } };
    if (kind === 'Node' && networks[metadata.name] !== undefined) {
      Object.assign(metadata, { annotations: networks[metadata.name] });
    }
    if (kind === 'Service') Object.assign(spec.selector, { 'networking.gke.io/network': 'dmz' });
  };
  const status = { 'networking.gke.io/network-status': '[{"name":"default"},{"name":"dmz"}]' };
  const north = { 'networking.gke.io/north-interfaces': '[{"network":"dmz","ipAddress":"10.5.0.2"}]' };
  const other = { 'networking.gke.io/network-status': '[{"name":"default"}]' };
  for (const annotations of [{}, INTERNAL, RBS]) {
    const { balancer } = through(gke({ annotations }), { edit: connected({ n1: status, n2: north, n3: other }) });
    t.same(
      balancer?.backends.map(({ node }) => node),
      ['n1', 'n2'],
    );
    t.match(balancer?.excluded, [{ name: 'n3', why: /not connected to/ }]);
  }
  for (const broken of ['{', '7', 'null', '[null, 7, {"name": 3}]']) {
    const { balancer } = through(gke(), { edit: connected({ n1: { 'networking.gke.io/network-status': broken } }) });
    t.same(balancer?.backends, [], `${broken} is no list of networks`);
  }
});

t.test('zonal affinity', async (t) => {
  const spec = { trafficDistribution: 'PreferClose', loadBalancerClass: 'networking.gke.io/l4-regional-internal' };
  const asked = (more: Partial<BalancedOptions>, client: Through['client'], zonalAffinity?: boolean) =>
    through(gke({ version: '1.33.5-gke.1000', spec, ...more }), {
      ...(client === undefined ? {} : { client }),
      ...(zonalAffinity === undefined ? {} : { settings: { loadBalancer: { options: { zonalAffinity } } } }),
    });
  const inZone = { zone: 'europe-west1-b' };
  t.same(asked({}, inZone).backends, ['1/2', '1/2', '0'], 'clients of a zone keep to its nodes');
  t.equal(asked({}, inZone).assumed('zonalAffinity'), true, 'whether the cluster has it is an assumption');
  t.same(asked({}, { zone: 'europe-west1-d' }).backends, ['1/3', '1/3', '1/3'], 'a zone without nodes');
  t.same(asked({}, {}).backends, ['1/3', '1/3', '1/3'], 'clients without a zone');
  t.same(asked({}, inZone, false).backends, ['1/3', '1/3', '1/3'], 'said to be off');
  const { trafficDistribution: _, ...plain } = spec;
  t.same(asked({ spec: plain }, inZone).backends, ['1/3', '1/3', '1/3'], 'not asked for');
  t.same(asked({ spec: plain }, inZone, true).backends, ['1/3', '1/3', '1/3'], 'nor by the option alone');
  const groups = { annotations: INTERNAL, spec: { trafficDistribution: 'PreferClose' } };
  t.same(asked(groups, inZone).backends, ['1/3', '1/3', '1/3'], 'instance groups have none');
});

t.test('weights before their version are an assumption', async (t) => {
  const annotations = { ...RBS, 'networking.gke.io/weighted-load-balancing': 'pods-per-node' };
  const asked = (version: string) => through(gke({ version, annotations, policy: 'Local' }));
  t.same([asked('1.30.5-gke.1').backends, asked('1.30.5-gke.1').assumed('weighted')], [['2/3', '1/3', '0'], true]);
  t.same([asked('1.31.0-gke.1').backends, asked('1.31.0-gke.1').assumed('weighted')], [['2/3', '1/3', '0'], undefined]);
});
