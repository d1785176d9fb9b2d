import t from 'tap';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Service } from '../../src/cluster/objects.js';
import type { ServiceChange } from '../../src/contract/requests.js';
import { addressesOf, article, changed, cluster, context, node, pod, refusal, rulesOf, service } from './fixture.js';

const KEY = 'default/nginx-svc';
const to = (more: Partial<ServiceChange>) => ({ service: { namespace: 'default', name: 'nginx-svc', ...more } });
const specOf = (made: Cluster) => made.services.get(KEY)?.spec;

/** The article's cluster with this Service in the place of nginx-svc. */
function withService(spec: Service['spec'], more: Partial<Service> = {}): Cluster {
  const before = article();
  const base = service('nginx-svc', { app: 'nginx' });
  return before.with({ services: new Map([[KEY, { ...base, ...more, spec: { ...base.spec, ...spec } }]]) });
}

t.test('types come and go with their node ports', async (t) => {
  const taken = service('taken', {});
  const before = article().with({
    services: new Map([
      [
        'default/taken',
        {
          ...taken,
          spec: { ...taken.spec, type: 'NodePort', ports: [{ port: 1, nodePort: 30000 }], healthCheckNodePort: 30001 },
        },
      ],
    ]),
  });
  const visible = changed(before, to({ type: 'NodePort' }));
  t.match(specOf(visible.cluster), {
    type: 'NodePort',
    externalTrafficPolicy: 'Cluster',
    ports: [{ port: 80, nodePort: 30002 }],
  });
  t.match(visible.applied[0]?.choices, [{ what: `node port of 80/TCP of Service ${KEY}`, taken: '30002' }]);
  t.match(
    visible.applied[0]?.consequences.map(({ kind, detail }) => `${kind} ${detail}`),
    [/^SERVICE_CHANGED spec\.type ClusterIP → NodePort$/, /^SERVICE_CHANGED spec\.ports/, /none → Cluster$/],
  );
  t.match(rulesOf(visible.cluster, visible.settings), /--dport 30002/);
  t.equal(visible.cluster.slicesOf(KEY)[0], before.slicesOf(KEY)[0], 'the slice has nothing to do with it');

  const balanced = changed(
    visible.cluster,
    to({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', loadBalancerIngress: [{ ip: '203.0.113.9' }] }),
  );
  t.match(specOf(balanced.cluster), { healthCheckNodePort: 30003, ports: [{ nodePort: 30002 }] }, 'node port kept');
  t.match(rulesOf(balanced.cluster, balanced.settings), /-d 203\.0\.113\.9/);
  t.same(
    balanced.applied[0]?.choices.map(({ taken }) => taken),
    ['30003'],
  );

  const pending = changed(before, to({ type: 'LoadBalancer', loadBalancerIngress: [] }));
  t.ok(pending.applied[0]?.consequences.some(({ detail }) => detail.startsWith('pending')));
  t.same(pending.cluster.services.get(KEY)?.status, { loadBalancer: { ingress: [] } });

  const back = changed(balanced.cluster, to({ type: 'ClusterIP' }));
  t.strictSame(specOf(back.cluster)?.ports, [{ port: 80, protocol: 'TCP', targetPort: 80 }]);
  for (const field of ['externalTrafficPolicy', 'healthCheckNodePort'] as const) t.notOk(specOf(back.cluster)?.[field]);
  t.same(back.cluster.services.get(KEY)?.status, { loadBalancer: {} });

  const portless = changed(before, to({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }));
  t.equal(specOf(portless.cluster)?.ports?.[0]?.nodePort, undefined, 'none where none are wanted');
  t.same(
    portless.applied[0]?.choices.map(({ what }) => what),
    ['IPv4 address of the load balancer of Service default/nginx-svc'],
  );
  const kept = changed(visible.cluster, to({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }));
  t.equal(specOf(kept.cluster)?.ports?.[0]?.nodePort, 30002, 'what is allocated is not taken away');
  const local = changed(balanced.cluster, to({ externalTrafficPolicy: 'Cluster' }));
  t.notOk(specOf(local.cluster)?.healthCheckNodePort, 'the health check goes with the policy');
});

t.test('affinity, policies and addresses', async (t) => {
  const before = article();
  const cases: readonly (readonly [Partial<ServiceChange>, object, RegExp])[] = [
    [
      { sessionAffinity: 'ClientIP' },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } },
      /--seconds 10800/,
    ],
    [
      { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: 60 },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
      /--seconds 60/,
    ],
    [{ internalTrafficPolicy: 'Local' }, { internalTrafficPolicy: 'Local' }, /KUBE-SVL-/],
    [{ externalIPs: ['198.51.100.1'] }, { externalTrafficPolicy: 'Cluster' }, /-d 198\.51\.100\.1/],
    [
      {
        type: 'LoadBalancer',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
        loadBalancerIngress: [{ ip: '203.0.113.9', ipMode: 'VIP' }],
      },
      { loadBalancerSourceRanges: ['192.0.2.0/24'] },
      /KUBE-FW-/,
    ],
  ];
  for (const [change, spec, rules] of cases) {
    const { cluster: after, settings } = changed(before, to(change));
    t.match(specOf(after), spec, JSON.stringify(change));
    t.match(rulesOf(after, settings), rules);
    t.notMatch(rulesOf(before, settings), rules);
  }
  const proxied = to({ type: 'LoadBalancer', loadBalancerIngress: [{ ip: '203.0.113.9', ipMode: 'Proxy' }] });
  const { cluster: after, settings } = changed(before, proxied);
  t.notMatch(rulesOf(after, settings), /203\.0\.113\.9/, 'a proxying load balancer is no address of the nodes');
});

t.test('ports and traffic distribution write slices anew', async (t) => {
  const before = article();
  const two = changed(
    before,
    to({
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    }),
  );
  const [slice] = two.cluster.slicesOf(KEY);
  t.same(slice?.ports.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`).sort(), [
    'dns 53/UDP',
    'http 8080/TCP',
  ]);
  t.equal(addressesOf(two.cluster, KEY).length, 3);
  t.match(rulesOf(two.cluster, two.settings), /--to-destination 192\.168\.0\.6:8080/);

  const nodes = [node(0, { zone: 'a' }), node(1, { zone: 'b' })].map((one) => ({
    ...one,
    status: { ...one.status, nodeInfo: { kubeletVersion: 'v1.31.14' } },
  }));
  const zoned = cluster({
    nodes,
    pods: [pod('a', 'node-1', '192.168.0.6'), pod('b', 'node-2', '192.168.1.6')],
    services: [service('nginx-svc', { app: 'nginx' })],
  });
  const near = changed(zoned, to({ trafficDistribution: 'PreferClose' }));
  const hints = near.cluster
    .slicesOf(KEY)
    .flatMap(({ endpoints }) => endpoints.map((one) => one.hints?.forZones?.[0]?.name));
  t.same(hints, ['a', 'b']);
  const far = changed(near.cluster, to({ trafficDistribution: null }));
  t.ok(far.cluster.slicesOf(KEY).every(({ endpoints }) => endpoints.every(({ hints }) => !hints)));
  t.notOk('trafficDistribution' in (specOf(far.cluster) ?? {}));
});

t.test('what the API server would refuse', async (t) => {
  const nodePort = withService({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] });
  const balanced = withService({ type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24'] });
  const headless = withService({ clusterIP: 'None', clusterIPs: ['None'] });

  const full = article();
  const podless = cluster({ nodes: [node(0)], services: [service('nginx-svc', { app: 'nginx' })] }).with({
    endpointSlices: new Map(full.slicesOf(KEY).map((slice) => [`default/${slice.metadata.name}`, slice])),
  });
  const other = nodePort.with({
    services: new Map([
      [
        'default/other',
        {
          ...service('other', {}),
          spec: { ...service('other', {}).spec, type: 'NodePort', ports: [{ port: 80, nodePort: 30081 }] },
        },
      ],
    ]),
  });
  const at = (place: string) => `/changes/0/service${place}`;
  const port = (more: object) => ({ ports: [{ port: 80, ...more }] });
  const cases: readonly (readonly [string, Cluster, Partial<ServiceChange>, string, RegExp])[] = [
    [
      'policy without type',
      full,
      { externalTrafficPolicy: 'Local' },
      at('/externalTrafficPolicy'),
      /NodePort or LoadBalancer/,
    ],
    ['node port of another', other, port({ nodePort: 30081 }), at('/ports/0/nodePort'), /default\/other/],
    ['node port below the range', nodePort, port({ nodePort: 29999 }), at('/ports/0/nodePort'), /30000 to 32767/],
    ['node port above the range', nodePort, port({ nodePort: 32768 }), at('/ports/0/nodePort'), /30000 to 32767/],
    ['node port of ClusterIP', full, port({ nodePort: 30080 }), at('/ports/0/nodePort'), /no node ports/],
    [
      'timeout 0',
      full,
      { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: 0 },
      at('/sessionAffinityTimeoutSeconds'),
      /1 to 86400/,
    ],
    [
      'timeout above a day',
      full,
      { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: 86401 },
      at('/sessionAffinityTimeoutSeconds'),
      /1 to 86400/,
    ],
    [
      'timeout without affinity',
      full,
      { sessionAffinityTimeoutSeconds: 60 },
      at('/sessionAffinityTimeoutSeconds'),
      /ClientIP/,
    ],
    ['headless NodePort', headless, { type: 'NodePort' }, at('/type'), /headless/],
    ['ranges left behind', balanced, { type: 'ClusterIP' }, at(''), /loadBalancerSourceRanges/],
    [
      'ranges without type',
      full,
      { loadBalancerSourceRanges: ['192.0.2.0/24'] },
      at('/loadBalancerSourceRanges'),
      /LoadBalancer/,
    ],
    [
      'no range',
      balanced,
      { loadBalancerSourceRanges: ['192.0.2.0/24', 'all'] },
      at('/loadBalancerSourceRanges/1'),
      /CIDR/,
    ],
    [
      'address without balancer',
      full,
      { loadBalancerIngress: [{ ip: '203.0.113.9' }] },
      at('/loadBalancerIngress'),
      /LoadBalancer/,
    ],
    [
      'no address',
      full,
      { type: 'LoadBalancer', loadBalancerIngress: [{ ip: '1.2.3' }] },
      at('/loadBalancerIngress/0/ip'),
      /IP address/,
    ],
    ['no external IP', full, { externalIPs: ['198.51.100.1', 'x'] }, at('/externalIPs/1'), /IP address/],
    ['loopback', full, { externalIPs: ['127.0.0.1'] }, at('/externalIPs/0'), /loopback/],
    ['distribution of later', full, { trafficDistribution: 'PreferSameNode' }, at('/trafficDistribution'), /1\.30/],
    ['nameless ports', full, { ports: [{ port: 80 }, { port: 81 }] }, at('/ports/0'), /name/],
    [
      'names twice',
      full,
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
      at('/ports/1/name'),
      /name of its own/,
    ],
    [
      'port twice',
      full,
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
      at('/ports/1'),
      /twice/,
    ],
    [
      'node port twice',
      nodePort,
      {
        ports: [
          { name: 'a', port: 80, nodePort: 30090 },
          { name: 'b', port: 81, nodePort: 30090 },
        ],
      },
      at('/ports/1/nodePort'),
      /twice/,
    ],
    ['kubelet port', full, { type: 'LoadBalancer', ports: [{ port: 10250 }] }, at('/ports/0/port'), /kubelet/],
    ['health check of none', full, { healthCheckNodePort: 30500 }, at('/healthCheckNodePort'), /Local/],
    [
      'health check taken',
      other,
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30081 },
      at('/healthCheckNodePort'),
      /default\/other/,
    ],
    ['pods not in the snapshot', podless, port({ targetPort: 8080 }), at(''), /pods/],
  ];
  for (const [what, before, change, pointer, message] of cases) {
    const found = refusal(() => changed(before, to(change)));
    t.match(found, { code: 'IMPOSSIBLE_CHANGE', pointer }, what);
    t.match(found.detail, message, what);
  }
  t.match(
    refusal(() => changed(full, to({ name: 'nginx-sv' }))),
    { code: 'NOT_FOUND', message: /nginx-svc/ },
  );
  const several = refusal(() =>
    changed(full, to({ externalTrafficPolicy: 'Local', externalIPs: [], loadBalancerSourceRanges: ['x'] })),
  );
  t.match(several.message, /3 problems/, 'all that is wrong is reported at once');
  t.equal(refusal(() => changed(podless, to({ sessionAffinity: 'ClientIP' }))).code, 'none', 'affinity needs no pods');
});

t.test('node ports run out', async (t) => {
  const greedy = service('greedy', {});
  const ports = Array.from({ length: 2768 }, (_, index) => ({
    name: `p${index}`,
    port: index + 1,
    nodePort: 30000 + index,
  }));
  const before = article().with({
    services: new Map([['default/greedy', { ...greedy, spec: { ...greedy.spec, type: 'NodePort', ports } }]]),
  });
  t.match(
    refusal(() => changed(before, to({ type: 'NodePort' }))),
    { code: 'IMPOSSIBLE_CHANGE', message: /All node ports/ },
  );
  t.same(context(before).at > 0, true);
});

t.test('a Service that had no cluster IP gets one', async (t) => {
  const before = withService({ type: 'ExternalName', clusterIP: '', clusterIPs: [] });
  const { cluster: after, applied } = changed(before, to({ type: 'ClusterIP' }));
  t.match(after.services.get('default/nginx-svc')?.spec, { clusterIP: '10.0.0.17', clusterIPs: ['10.0.0.17'] });
  t.match(applied[0]?.choices, [{ what: 'IPv4 cluster IP of Service default/nginx-svc', taken: '10.0.0.17' }]);
});
