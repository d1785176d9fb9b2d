/**
 * Network Load Balancers by annotation and attribute. Sources: AWS Load Balancer Controller, Service annotations; user
 * guide for Network Load Balancers.
 */
import t from 'tap';
import type { BalancedOptions } from '../../support/balanced.js';
import { type Through, through } from '../through.js';

const NLB = 'service.beta.kubernetes.io/aws-load-balancer-';
const FACING = { [`${NLB}type`]: 'external', [`${NLB}scheme`]: 'internet-facing' };
const asked = (annotations: Record<string, string>, options: Partial<BalancedOptions> = {}, more: Through = {}) =>
  through(
    {
      pods: [2, 1, 0],
      zones: ['a', 'a', 'b'],
      annotations,
      status: { loadBalancer: { ingress: [{ hostname: 'x-1.elb.eu-west-1.amazonaws.com' }] } },
      ...options,
    },
    more,
  );

t.test('cross-zone balancing: the target group’s attribute, the load balancer’s, the old annotation', async (t) => {
  const even = ['1/3', '1/3', '1/3'];
  const zonal = ['1/4', '1/4', '1/2'];
  const rows: readonly (readonly [Record<string, string>, readonly string[]])[] = [
    [{}, zonal],
    [{ attributes: 'load_balancing.cross_zone.enabled=true' }, even],
    [{ 'cross-zone-load-balancing-enabled': 'true' }, even],
    [{ 'target-group-attributes': 'load_balancing.cross_zone.enabled=true' }, even],
    [
      {
        attributes: 'load_balancing.cross_zone.enabled=true',
        'target-group-attributes': 'load_balancing.cross_zone.enabled=false',
      },
      zonal,
    ],
    [
      {
        attributes: 'load_balancing.cross_zone.enabled=true',
        'target-group-attributes': 'load_balancing.cross_zone.enabled=use_load_balancer_configuration',
      },
      even,
    ],
    [{ 'target-group-attributes': 'load_balancing.cross_zone.enabled' }, zonal],
  ];
  for (const [own, backends] of rows) {
    const named = Object.fromEntries(Object.entries(own).map(([name, value]) => [NLB + name, value]));
    t.same(asked({ ...FACING, ...named }).backends, backends, JSON.stringify(own));
  }
  const affinity = asked({
    ...FACING,
    [`${NLB}attributes`]: 'dns_record.client_routing_policy=availability_zone_affinity',
  });
  t.ok(affinity.assumed('clientRouting'), 'which zone clients are in is not in the snapshot');
});

t.test('nodes that the controller registers', async (t) => {
  const node = {
    n1: { ready: 'False' },
    n2: { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'false' } },
  };
  const byController = asked(FACING, { node });
  t.same(
    byController.balancer?.backends.map((one) => one.node),
    ['n3'],
  );
  t.match(byController.balancer?.excluded, [
    { name: 'n1', why: /not ready/ },
    { name: 'n2', why: /exclude/ },
  ]);
  const inTree = asked({ [`${NLB}type`]: 'nlb' }, { node });
  t.same(
    inTree.balancer?.backends.map((one) => one.node),
    ['n1', 'n2', 'n3'],
    'the cloud provider keeps them',
  );
  const unknown = { n1: { ready: 'Unknown' }, n2: { ready: 'Unknown' }, n3: { ready: 'False' } };
  t.same(
    asked(FACING, { node: unknown }).balancer?.backends.map((one) => one.node),
    ['n1', 'n2'],
    'no node is ready',
  );
});

t.test('the scheme, and who reaches an internal one', async (t) => {
  const from = (address: string, annotations: Record<string, string>) =>
    asked(annotations, {}, { client: { address } }).verdicts;
  const internal = { ...FACING, [`${NLB}scheme`]: 'internal' };
  t.same(from('8.8.8.8', internal), ['1 UNREACHABLE/NO_ROUTE']);
  t.same(from('198.51.100.7', internal), ['1 UNREACHABLE/NO_ROUTE']);
  t.same(from('10.9.0.1', internal), ['1 DELIVERED']);
  t.same(from('8.8.8.8', FACING), ['1 DELIVERED']);
  const byDefault = { [`${NLB}type`]: 'external' };
  t.same(from('8.8.8.8', byDefault), ['1 UNREACHABLE/NO_ROUTE'], 'internal is the controller’s default');
  t.same(from('8.8.8.8', { [`${NLB}type`]: 'nlb' }), ['1 DELIVERED'], 'the internet is the cloud provider’s');
});

t.test('whose address UDP and TCP targets see', async (t) => {
  const ports = ['TCP', 'UDP'].map((protocol, index) => ({
    name: `p${index}`,
    port: 80 + index,
    protocol,
    targetPort: 8080,
    nodePort: 30080 + index,
  }));
  const seen = (annotations: Record<string, string>, port: number) => {
    const { findings, balancer, assumed } = asked(annotations, { spec: { ports } }, { port });
    t.ok(balancer);
    return { replaced: assumed('proxyAddress') !== undefined, findings };
  };
  const ip = { ...FACING, [`${NLB}nlb-target-type`]: 'ip' };
  const kept = { [`${NLB}target-group-attributes`]: 'preserve_client_ip.enabled=true' };
  const dropped = { [`${NLB}target-group-attributes`]: 'preserve_client_ip.enabled=false' };
  t.equal(seen(ip, 80).replaced, true);
  t.equal(seen({ ...ip, ...kept }, 80).replaced, false);
  t.equal(seen(FACING, 80).replaced, false);
  t.equal(seen({ ...FACING, ...dropped }, 80).replaced, true);
});
