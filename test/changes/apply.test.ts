/**
 * `apply`: manifests merged as kubectl merges them, completed as the API server completes them, acted on by
 * controllers.
 */
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import type { Consequence } from '../../src/changes/change.js';
import { mergeRules } from '../../src/changes/manifests/merge-keys.js';
import { threeWayMerge } from '../../src/changes/manifests/three-way-merge.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { Node, Service, Workload } from '../../src/cluster/objects.js';
import { runs } from '../support/runs.js';
import { addressesOf, article, changed, cluster, context, node, pod, refusal, rulesOf, service } from './fixture.js';

const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
type Fields = Record<string, unknown>;

const apply = (...manifests: readonly (Fields | string)[]) => ({ apply: { manifests } });

const OUTCOMES: Readonly<Record<string, string>> = {
  OBJECT_CREATED: 'created',
  OBJECT_CONFIGURED: 'changed',
  OBJECT_UNCHANGED: 'unchanged',
  OBJECT_IGNORED: 'ignored',
};

function outcomes(consequences: readonly Consequence[] | undefined): string[] {
  return (consequences ?? []).flatMap(({ kind, object }) =>
    OUTCOMES[kind] === undefined ? [] : [`${object} ${OUTCOMES[kind]}`],
  );
}

/** What became of the objects of one `apply`. */
function applied(before: Cluster, ...manifests: readonly (Fields | string)[]) {
  const result = changed(before, apply(...manifests));
  return { ...result, outcomes: outcomes(result.applied[0]?.consequences) };
}

const SERVICE = (spec: Fields, name = 'api', metadata: Fields = {}): Fields => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

const TEMPLATE = (app: string, image = 'app:1'): Fields => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
});

const WORKLOAD = (kind: string, spec: Fields = {}, name = 'api'): Fields => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: TEMPLATE(name), ...spec },
});

t.test('three-way merge: what was set and is left out goes, what others set stays', async (t) => {
  const rules = mergeRules('Deployment');
  const cases: readonly (readonly [string, Fields, Fields, Fields, Fields])[] = [
    ['sets', { a: 1 }, {}, { b: 2 }, { a: 1, b: 2 }],
    ['removes what it set', { a: 1, b: 2 }, { a: 1 }, { b: 2 }, { b: 2 }],
    [
      'leaves what others set',
      { a: 1, b: { c: 2, d: 3 } },
      { b: { c: 1 } },
      { b: { c: 5 } },
      { a: 1, b: { c: 5, d: 3 } },
    ],
    ['null removes', { a: 1, b: 2 }, {}, { a: null }, { b: 2 }],
    ['plain lists are replaced', { a: [1, 2] }, { a: [1, 2] }, { a: [3] }, { a: [3] }],
    [
      'containers by name',
      { spec: { template: { spec: { containers: [{ name: 'a', x: 1 }, { name: 'side' }, { name: 'old' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'a' }, { name: 'old' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'new' }, { name: 'a', y: 2 }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'new' }, { name: 'a', x: 1, y: 2 }, { name: 'side' }] } } } },
    ],
    [
      'a strategy keeps nothing of the former one',
      { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
      {},
      { spec: { strategy: { type: 'Recreate' } } },
      { spec: { strategy: { type: 'Recreate' } } },
    ],
    [
      'equal quantities stay as they are spelled',
      { limits: { cpu: '1' } },
      {},
      { limits: { cpu: '1000m' } },
      { limits: { cpu: '1' } },
    ],
    ['numbers become quantities', { limits: { cpu: '1' } }, {}, { limits: { cpu: 2 } }, { limits: { cpu: '2' } }],
  ];
  for (const [name, current, former, wanted, expected] of cases) {
    t.strictSame(threeWayMerge(current, former, wanted, rules), expected, name);
  }
  const ports = [
    { port: 53, protocol: 'UDP', nodePort: 1 },
    { port: 53, protocol: 'TCP', nodePort: 2 },
  ];
  t.strictSame(
    threeWayMerge(
      { spec: { ports } },
      {},
      { spec: { ports: [{ port: 53, protocol: 'TCP', name: 'tcp' }] } },
      mergeRules('Service'),
    ),
    { spec: { ports: [ports[0], { ...ports[1], name: 'tcp' }] } },
    'ports by number and protocol',
  );
});

t.test('a new Service gets what the API server gives', async (t) => {
  const before = article();
  const cases: readonly (readonly [string, Fields, Fields])[] = [
    [
      'the plain one',
      {},
      {
        type: 'ClusterIP',
        clusterIP: '10.0.0.17',
        clusterIPs: ['10.0.0.17'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        selector: { app: 'api' },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    ],
    ['node ports', { type: 'NodePort' }, { externalTrafficPolicy: 'Cluster', ports: [{ port: 80, nodePort: 30000 }] }],
    [
      'a load balancer',
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
      { allocateLoadBalancerNodePorts: true, healthCheckNodePort: 30001, ports: [{ nodePort: 30000 }] },
    ],
    ['affinity', { sessionAffinity: 'ClientIP' }, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }],
    ['headless', { clusterIP: 'None' }, { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'] }],
    ['its own address', { clusterIP: '10.0.0.99' }, { clusterIP: '10.0.0.99', clusterIPs: ['10.0.0.99'] }],
    [
      'a name elsewhere',
      { type: 'ExternalName', externalName: 'example.org', ports: undefined },
      { type: 'ExternalName' },
    ],
  ];
  for (const [name, spec, expected] of cases) {
    const made = applied(before, SERVICE(JSON.parse(JSON.stringify(spec)) as Fields));
    t.match(made.cluster.services.get('default/api')?.spec, expected, name);
    t.same(made.outcomes, ['Service default/api created'], name);
  }
  const { applied: reported } = applied(before, SERVICE({ type: 'NodePort' }));
  t.match(reported[0]?.choices, [
    { what: 'IPv4 cluster IP of Service default/api', taken: '10.0.0.17', alternatives: [/10\.0\.0\.0\/24/] },
    { what: 'node port of 80/TCP of Service default/api', taken: '30000' },
  ]);
  t.same(
    changed(before, apply(SERVICE({ selector: { app: 'nginx' } }))).cluster.slicesOf('default/api')[0]?.endpoints
      .length,
    3,
  );
});

t.test('the range of cluster IPs is the API server’s where it shows', async (t) => {
  const server = {
    ...pod('kube-apiserver-node-1', 'node-1', '10.128.0.4'),
    metadata: { name: 'kube-apiserver-node-1', namespace: 'kube-system' },
    spec: {
      nodeName: 'node-1',
      hostNetwork: true,
      containers: [{ name: 'a', command: ['kube-apiserver', '--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112'] }],
    },
  };
  const dual = cluster({ nodes: [node(0)], pods: [server], services: [service('one', { app: 'x' })] });
  const specOf = (spec: Fields) => applied(dual, SERVICE(spec)).cluster.services.get('default/api')?.spec;
  t.match(specOf({}), { clusterIP: '10.96.1.1', ipFamilies: ['IPv4'] });
  t.match(specOf({ ipFamilyPolicy: 'PreferDualStack' }), {
    clusterIPs: ['10.96.1.1', 'fd00:96::101'],
    ipFamilies: ['IPv4', 'IPv6'],
  });
  t.match(specOf({ ipFamilies: ['IPv6'] }), {
    clusterIP: 'fd00:96::101',
    ipFamilies: ['IPv6'],
    ipFamilyPolicy: 'SingleStack',
  });
  t.match(
    refusal(() => specOf({ clusterIP: '10.0.0.77' })),
    { pointer: '/changes/0/apply/manifests/0/spec/clusterIP', detail: /outside/ },
  );
  t.match(
    refusal(() => applied(article(), SERVICE({ ipFamilyPolicy: 'RequireDualStack' }))),
    { pointer: '/changes/0/apply/manifests/0/spec/ipFamilyPolicy', detail: /IPv4 alone/ },
  );
  const none = cluster({ nodes: [node(0)] });
  t.equal(
    applied(none, SERVICE({})).cluster.services.get('default/api')?.spec?.clusterIP,
    '10.96.1.1',
    'kubeadm’s default',
  );
});

t.test('a Service that is there is merged with', async (t) => {
  const before = article();
  const same = applied(
    before,
    SERVICE({ ports: [{ port: 80, protocol: 'TCP' }], selector: { app: 'nginx' } }, 'nginx-svc'),
  );
  t.same(same.outcomes, ['Service default/nginx-svc unchanged']);
  t.equal(same.cluster, before, 'nothing at all is done');
  const defaults = applied(
    before,
    SERVICE({ sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', selector: { app: 'nginx' } }, 'nginx-svc'),
  );
  t.same(defaults.outcomes, ['Service default/nginx-svc unchanged'], 'defaults that a trimmed snapshot lacks');

  const exposed = applied(before, SERVICE({ type: 'NodePort', selector: { app: 'nginx' } }, 'nginx-svc'));
  t.same(exposed.outcomes, ['Service default/nginx-svc changed']);
  t.match(exposed.cluster.services.get('default/nginx-svc')?.spec, {
    clusterIP: '10.0.0.10',
    ports: [{ nodePort: 30000 }],
  });
  t.match(exposed.assumptions, [{ field: 'changes.apply', why: /left|leaves/ }]);
  const again = changed(before, apply(SERVICE({ type: 'NodePort' }, 'x')), apply(SERVICE({ type: 'NodePort' }, 'x')));
  t.same(outcomes(again.applied[1]?.consequences), ['Service default/x unchanged']);
  t.equal(
    rulesOf(again.cluster, again.settings),
    rulesOf(changed(before, apply(SERVICE({ type: 'NodePort' }, 'x'))).cluster, again.settings),
  );

  const back = changed(before, apply(SERVICE({ type: 'NodePort' }, 'x')), apply(SERVICE({}, 'x')));
  t.match(
    back.cluster.services.get('default/x')?.spec,
    { type: 'ClusterIP' },
    'a type that the manifest set and says no more',
  );
  t.notOk(back.cluster.services.get('default/x')?.spec?.ports?.[0]?.nodePort);
});

t.test('a Deployment: made, scaled, rolled out, rolled back', async (t) => {
  const before = article();
  const made = applied(
    before,
    WORKLOAD('Deployment', { replicas: 4 }),
    SERVICE({ ports: [{ port: 80, targetPort: 'http' }] }),
  );
  t.same(made.outcomes, ['Deployment default/api created', 'Service default/api created']);
  t.equal(addressesOf(made.cluster, 'default/api').length, 4);
  t.same(made.cluster.slicesOf('default/api')[0]?.ports, [{ name: '', port: 8080, protocol: 'TCP' }]);
  const sets = [...made.cluster.workloads.values()].filter(
    ({ metadata }) => metadata.ownerReferences?.[0]?.name === 'api',
  );
  t.equal(sets.length, 1);
  t.match(sets[0], {
    kind: 'ReplicaSet',
    spec: { replicas: 4 },
    metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
  });
  t.equal(applied(before, WORKLOAD('Deployment')).cluster.workloads.get('Deployment/default/api')?.spec?.replicas, 1);

  const fewer = changed(made.cluster, apply(WORKLOAD('Deployment', { replicas: 2 })));
  t.equal(addressesOf(fewer.cluster, 'default/api').length, 2);
  const silent = changed(made.cluster, apply(WORKLOAD('Deployment')));
  t.equal(addressesOf(silent.cluster, 'default/api').length, 1, 'replicas that the manifest set and says no more');

  const image = WORKLOAD('Deployment', { replicas: 4, template: TEMPLATE('api', 'app:2') });
  const rolled = changed(made.cluster, apply(image));
  const images = [...rolled.cluster.pods.values()]
    .filter(({ metadata }) => metadata.labels?.app === 'api')
    .map(({ spec }) => spec?.containers?.[0]?.image);
  t.same(images, ['app:2', 'app:2', 'app:2', 'app:2']);
  t.equal(addressesOf(rolled.cluster, 'default/api').length, 4);
  const rolledBack = changed(rolled.cluster, apply(WORKLOAD('Deployment', { replicas: 4 })));
  const live = [...rolledBack.cluster.workloads.values()].filter(
    ({ kind, spec }) => kind === 'ReplicaSet' && (spec?.replicas ?? 0) === 4,
  );
  t.match(live, [
    { metadata: { name: sets[0]?.metadata.name, annotations: { 'deployment.kubernetes.io/revision': '3' } } },
  ]);
});

t.test('what an autoscaler set stays where the manifest says no number', async (t) => {
  const { replicas: _replicas, ...spec } = article().workloads.get('Deployment/default/nginx-deployment')?.spec ?? {};
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'nginx-deployment' },
    spec,
  } as Fields;
  const result = applied(article(), manifest);
  t.same(result.outcomes, ['Deployment default/nginx-deployment unchanged']);
});

t.test('StatefulSets, DaemonSets, ReplicaSets, Pods', async (t) => {
  const before = article();
  const names = (made: Cluster, app: string) =>
    [...made.pods.values()]
      .filter(({ metadata }) => metadata.labels?.app === app)
      .map(({ metadata }) => metadata.name)
      .sort();
  const set = applied(before, WORKLOAD('StatefulSet', { replicas: 3, serviceName: 'api' }));
  t.same(names(set.cluster, 'api'), ['api-0', 'api-1', 'api-2']);
  const strategy = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };
  const next = { replicas: 3, serviceName: 'api', template: TEMPLATE('api', 'app:2') };
  const imagesOf = (made: Cluster) =>
    ['api-0', 'api-1', 'api-2'].map((name) => made.pods.get(`default/${name}`)?.spec?.containers?.[0]?.image);
  t.same(imagesOf(changed(set.cluster, apply(WORKLOAD('StatefulSet', next))).cluster), ['app:2', 'app:2', 'app:2']);
  t.same(imagesOf(changed(set.cluster, apply(WORKLOAD('StatefulSet', { ...next, ...strategy }))).cluster), [
    'app:1',
    'app:1',
    'app:2',
  ]);
  t.same(
    imagesOf(
      changed(set.cluster, apply(WORKLOAD('StatefulSet', { ...next, updateStrategy: { type: 'OnDelete' } }))).cluster,
    ),
    ['app:1', 'app:1', 'app:1'],
  );

  const daemon = applied(before, WORKLOAD('DaemonSet'));
  const nodesOf = (made: Cluster) =>
    [...made.pods.values()]
      .filter(({ metadata }) => metadata.labels?.app === 'api')
      .map(({ spec }) => spec?.nodeName)
      .sort();
  t.same(nodesOf(daemon.cluster), ['node-1', 'node-2', 'node-3']);
  const template = {
    ...TEMPLATE('api'),
    spec: { ...(TEMPLATE('api').spec as Fields), nodeSelector: { 'kubernetes.io/hostname': 'node-2' } },
  };
  t.same(nodesOf(changed(daemon.cluster, apply(WORKLOAD('DaemonSet', { template }))).cluster), ['node-2']);

  t.equal(names(applied(before, WORKLOAD('ReplicaSet', { replicas: 2 })).cluster, 'api').length, 2);

  const bare = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'other' } },
    spec: { containers: [{ name: 'c', image: 'nginx:1.27' }] },
  };
  const placed = applied(before, bare, {
    ...bare,
    metadata: { ...bare.metadata, name: 'q' },
    spec: { ...bare.spec, nodeName: 'node-3' },
  });
  t.equal(addressesOf(placed.cluster, 'default/other').length, 2);
  t.equal(placed.cluster.pods.get('default/q')?.spec?.nodeName, 'node-3');
  const moved = changed(placed.cluster, apply({ ...bare, metadata: { name: 'p', labels: { app: 'away' } } }));
  t.equal(addressesOf(moved.cluster, 'default/other').length, 1);
});

t.test('nodes, slices, Endpoints, and what kube-proxy is set up by', async (t) => {
  const before = article();
  const zone = { 'topology.kubernetes.io/zone': 'b' };
  const labelled = applied(before, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2', labels: zone } });
  t.equal(labelled.cluster.slicesOf('default/nginx-svc')[0]?.endpoints[1]?.zone, 'b');
  const joined = applied(before, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-9', labels: zone } });
  t.same(joined.outcomes, ['Node node-9 created']);
  t.match(joined.cluster.nodes.get('node-9'), { spec: { podCIDR: '192.168.3.0/24' } } as Partial<Node>);

  const manual = SERVICE({ selector: undefined });
  const { selector: _none, ...spec } = manual.spec as Fields;
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'api' },
    subsets: [{ addresses: [{ ip: '198.51.100.7' }], ports: [{ port: 80 }] }],
  };
  for (const order of [
    [{ ...manual, spec }, endpoints],
    [endpoints, { ...manual, spec }],
  ] as const) {
    t.same(addressesOf(applied(before, ...order).cluster, 'default/api'), ['198.51.100.7']);
  }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'api-1', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['198.51.100.8'] }],
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  };
  t.same(addressesOf(applied(before, { ...manual, spec }, slice).cluster, 'default/api'), ['198.51.100.8']);

  const configuration = (text: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-proxy', namespace: 'kube-system' },
    data: { 'config.conf': `kind: KubeProxyConfiguration\n${text}` },
  });
  const masquerading = applied(before, configuration('iptables: { masqueradeAll: true }\n'));
  t.ok(masquerading.settings.proxyOf('node-1').masqueradeAll);
  t.ok(masquerading.applied[0]?.consequences.some(({ kind }) => kind === 'SETTINGS_CHANGED'));
});

t.test('text, files, lists, namespaces, and kinds that no rule depends on', async (t) => {
  const before = article();
  const yaml = (name: string, namespace = '') =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}${namespace} }\nspec: { ports: [{ port: 80 }] }\n`;
  const many = applied(
    before,
    `---\n${yaml('a')}---\n# nothing\n---\n${yaml('b', ', namespace: shop')}`,
    { kind: 'List', apiVersion: 'v1', items: [SERVICE({}, 'c')] },
    JSON.stringify(SERVICE({}, 'd')),
    { file: 'e.yaml', text: yaml('e') },
    { apiVersion: 'v1', kind: 'ServiceList', items: [{ metadata: { name: 'f' }, spec: { ports: [{ port: 80 }] } }] },
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'n' } },
    { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'k' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } },
  );
  t.same(many.outcomes, [
    'Service default/a created',
    'Service shop/b created',
    'Service default/c created',
    'Service default/d created',
    'Service default/e created',
    'Service default/f created',
    'NetworkPolicy default/n created',
    'Service default/k ignored',
    'ConfigMap default/settings ignored',
  ]);
  t.ok(many.applied[0]?.consequences.some(({ detail }) => detail.includes('e.yaml')));
  const inShop = changed(before, { apply: { namespace: 'shop', manifests: [SERVICE({}, 'a')] } });
  t.ok(inShop.cluster.services.has('shop/a'));
  const other = { apply: { namespace: 'shop', manifests: [SERVICE({}, 'b', { namespace: 'own' })] } };
  t.match(
    refusal(() => changed(before, other)),
    { pointer: '/changes/0/apply/manifests/0/metadata/namespace' },
  );
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const at = (place: string) => `/changes/0/apply/manifests${place}`;
  const file = (text: string) => ({ file: 'x.yaml', text });
  const cases: readonly (readonly [string, Fields | string, string, string, RegExp])[] = [
    ['no kind', { metadata: { name: 'x' } }, 'IMPOSSIBLE_CHANGE', at('/0'), /no "kind"/],
    [
      'no name',
      { apiVersion: 'v1', kind: 'Service', metadata: {} },
      'IMPOSSIBLE_CHANGE',
      at('/0/metadata'),
      /metadata\.name/,
    ],
    [
      'generated',
      { apiVersion: 'v1', kind: 'Service', metadata: { generateName: 'x-' } },
      'IMPOSSIBLE_CHANGE',
      at('/0/metadata'),
      /generateName/,
    ],
    [
      'a field that is not there',
      SERVICE({ externalTraficPolicy: 'Local' }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/externalTraficPolicy'),
      /externalTrafficPolicy/,
    ],
    ['a wrong value', SERVICE({ type: 'Nodeport' }), 'IMPOSSIBLE_CHANGE', at('/0/spec/type'), /NodePort/],
    ['a port', SERVICE({ ports: [{ port: 99999 }] }), 'IMPOSSIBLE_CHANGE', at('/0/spec/ports/0/port'), /65535/],
    [
      'a port twice',
      SERVICE({ ports: [{ port: 80 }, { port: 80, name: 'b' }] }, 'another-svc'),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/ports'),
      /name|twice/,
    ],
    ['no ports', SERVICE({ ports: [] }), 'IMPOSSIBLE_CHANGE', at('/0/spec/ports'), /no port/],
    [
      'a taken address',
      SERVICE({ clusterIP: '10.0.0.10' }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/clusterIP'),
      /nginx-svc|other/,
    ],
    [
      'another address',
      SERVICE({ clusterIP: '10.0.0.11' }, 'nginx-svc'),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/clusterIP'),
      /cannot be changed/,
    ],
    [
      'a node port outside',
      SERVICE({ type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/ports/0/nodePort'),
      /30000/,
    ],
    [
      'another selector',
      {
        ...WORKLOAD('Deployment', { selector: { matchLabels: { app: 'x' } }, template: TEMPLATE('x') }),
        metadata: { name: 'nginx-deployment' },
      },
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/selector'),
      /cannot be changed/,
    ],
    [
      'a selector that does not match',
      WORKLOAD('Deployment', { template: TEMPLATE('x') }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/template/metadata/labels'),
      /does not match/,
    ],
    [
      'no template',
      WORKLOAD('Deployment', { template: {} }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/template'),
      /selector|container/,
    ],
    ['too many', WORKLOAD('Deployment', { replicas: 9999 }), 'IMPOSSIBLE_CHANGE', at('/0/spec'), /5000/],
    [
      'a strategy',
      WORKLOAD('Deployment', { strategy: { type: 'Rolling' } }),
      'IMPOSSIBLE_CHANGE',
      at('/0/spec/strategy/type'),
      /Recreate/,
    ],
    ['broken YAML', file('a: [1\n'), 'MALFORMED', at('/0/text'), /^x\.yaml: The manifest is not valid YAML\. Line/],
    ['nothing', file('# none\n'), 'IMPOSSIBLE_CHANGE', at(''), /no object/],
    ['empty', file(' \n'), 'MALFORMED', at('/0/text'), /x\.yaml is empty/],
    ['no object', file('3\n'), 'IMPOSSIBLE_CHANGE', at('/0/text'), /x\.yaml: Here is no/],
    [
      'poison',
      JSON.parse('{"kind":"Service","metadata":{"__proto__":{}}}') as Fields,
      'IMPOSSIBLE_CHANGE',
      at('/0/metadata/__proto__'),
      /not allowed/,
    ],
    [
      'in a document',
      file(`kind: Ingress\nmetadata: {name: i}\n---\n${JSON.stringify(SERVICE({ type: 'x' }))}\n`),
      'IMPOSSIBLE_CHANGE',
      at('/0/text'),
      /^x\.yaml, document 2 \(Service api\), \/spec\/type: /,
    ],
    [
      'in a list',
      { kind: 'List', items: [SERVICE({}), SERVICE({ type: 'x' })] },
      'IMPOSSIBLE_CHANGE',
      at('/0/items/1/spec/type'),
      /NodePort/,
    ],
  ];
  for (const [name, manifest, code, pointer, detail] of cases) {
    t.match(
      refusal(() => changed(before, apply(manifest))),
      { code, pointer, detail },
      name,
    );
  }
  const pods = cluster({ nodes: [node(0)], pods: [pod('nginx-1', 'node-1', '192.168.0.9')] });
  const manifest = {
    ...WORKLOAD('Deployment', { selector: { matchLabels: { app: 'nginx' } }, template: TEMPLATE('nginx') }),
    metadata: { name: 'nginx-deployment' },
  };
  t.match(
    refusal(() => changed(pods, apply(manifest))),
    { code: 'IMPOSSIBLE_CHANGE', pointer: at('/0/metadata/name'), detail: /include deployments/ },
    'a Deployment that the snapshot lacks is not taken for new',
  );
});

t.test('what was printed from a cluster is applied as nothing', async (t) => {
  const before = changed(
    article(),
    apply(SERVICE({ type: 'NodePort' }), WORKLOAD('Deployment', { replicas: 2 })),
  ).cluster;
  const printed = [
    ...before.services.values(),
    ...before.workloads.values(),
    ...before.pods.values(),
    ...before.nodes.values(),
    ...before.endpointSlices.values(),
  ].map(
    (object) =>
      ({
        ...object,
        metadata: { ...object.metadata, resourceVersion: '7', managedFields: [], generation: 3 },
      }) as unknown as Fields,
  );
  const again = applied(before, { kind: 'List', apiVersion: 'v1', items: printed });
  t.equal(again.cluster, before);
  t.same([...new Set(again.outcomes.map((one) => one.split(' ').at(-1)))], ['unchanged']);
});

t.test('the annotation that kubectl keeps decides what goes', async (t) => {
  const base = service('nginx-svc', { app: 'nginx', tier: 'old' });
  const last = (spec: Fields) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'nginx-svc' }, spec });
  const annotated = (text: string): Service => ({
    ...base,
    metadata: { ...base.metadata, annotations: { [LAST]: text } },
  });
  const selectorAfter = (one: Service) => {
    const made = cluster({ nodes: [node(0)], services: [one], workloads: [] as Workload[] });
    return changed(made, apply(SERVICE({ selector: { app: 'nginx' } }, 'nginx-svc'))).cluster.services.get(
      'default/nginx-svc',
    )?.spec?.selector;
  };
  t.same(selectorAfter(annotated(last({ selector: { app: 'nginx', tier: 'old' } }))), { app: 'nginx' });
  t.same(selectorAfter(base), { app: 'nginx', tier: 'old' });
  t.match(
    refusal(() => selectorAfter(annotated('no JSON'))),
    { code: 'IMPOSSIBLE_CHANGE', detail: /not JSON/ },
  );
});

t.test('whatever a manifest holds: applied, or refused with a place', async (t) => {
  const before = article();
  const words = fc.constantFrom(
    'name',
    'spec',
    'metadata',
    'ports',
    'selector',
    'template',
    'labels',
    'containers',
    'status',
    'type',
    '__proto__',
    'constructor',
    'annotations',
    'namespace',
  );
  const any = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        -1,
        80,
        70000,
        1e300,
        '',
        'app',
        'nginx-svc',
        'None',
        '10.0.0.10',
        '\u0000"\n',
        '25%',
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(words, tie('value')), { maxLength: 4 })
        .map((pairs) =>
          JSON.parse(
            `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`).join()}}`,
          ),
        ),
    ),
  })).value;
  const kind = fc.constantFrom(
    'Service',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'ReplicaSet',
    'Pod',
    'Node',
    'EndpointSlice',
    'Endpoints',
    'List',
    'ServiceList',
    'Ingress',
  );
  const bases = [
    SERVICE({}),
    SERVICE({}, 'nginx-svc'),
    WORKLOAD('Deployment'),
    WORKLOAD('StatefulSet'),
    WORKLOAD('DaemonSet'),
    ...[...before.workloads.values(), ...before.pods.values()].map((one) => one as unknown as Fields),
  ];
  /** A manifest with one of its values, anywhere, replaced. */
  const broken = fc.tuple(fc.constantFrom(...bases), fc.nat(), any).map(([base, at, value]) => {
    const copy = structuredClone(base);
    const places: [Fields, string][] = [];
    const walk = (one: unknown): void => {
      if (typeof one !== 'object' || one === null) return;
      for (const key of Object.keys(one)) {
        places.push([one as Fields, key]);
        walk((one as Fields)[key]);
      }
    };
    walk(copy);
    const [owner, key] = places[at % places.length] as [Fields, string];
    owner[key] = value;
    return copy;
  });
  const manifest = fc.oneof(
    { weight: 4, arbitrary: broken },
    {
      weight: 1,
      arbitrary: fc.tuple(kind, any, any).map(([one, metadata, spec]) => ({ kind: one, metadata, spec, items: spec })),
    },
    { weight: 1, arbitrary: broken.map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
  );
  let made = 0;
  fc.assert(
    fc.property(manifest, (one) => {
      try {
        const { cluster: after } = changed(before, apply(one as Fields | string));
        rulesOf(after, context(after).settings);
        made++;
      } catch (error) {
        if (!(error instanceof QuestionError)) throw error;
        const [problem] = error.problems;
        return (
          problem !== undefined &&
          problem.in === 'request' &&
          problem.pointer.startsWith('/changes/0/apply') &&
          problem.detail.length > 10
        );
      }
      return true;
    }),
    { numRuns: runs(200) },
  );
  t.ok(made > 20, `${made} were applied`);
});

t.test('addresses of a load balancer in a manifest that are of another type', async (t) => {
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
  for (const field of ['ip', 'hostname']) {
    for (const wrong of [[null], {}, 5, true]) {
      const status = { loadBalancer: { ingress: [{ [field]: wrong }] } };
      const { code, pointer } = refusal(() => applied(article(), { ...SERVICE(spec), status }));
      t.equal(code, 'IMPOSSIBLE_CHANGE');
      t.equal(pointer, `/changes/0/apply/manifests/0/status/loadBalancer/ingress/0/${field}`);
    }
  }
});
