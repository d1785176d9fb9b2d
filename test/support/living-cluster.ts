/**
 * Small clusters by fast-check in which everything fits together: workloads with their pods, Services with the slices
 * that the controller would have written; and changes of every kind that can be made to them.
 */
import fc from 'fast-check';
import type { Cluster } from '../../src/cluster/cluster.js';
import { workloadKey } from '../../src/cluster/cluster.js';
import { nodeZone } from '../../src/cluster/lookup.js';
import type { ConfigMap, Node, Pod, Service, Workload } from '../../src/cluster/objects.js';
import type { Change } from '../../src/contract/requests.js';
import { cluster, node, pod, service } from '../changes/fixture.js';

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/**
 * Workloads: two Deployments, a StatefulSet, a DaemonSet; each has a Service of its name, `both` selects two of them.
 */
const NAMES = ['web', 'api', 'db', 'agent'] as const;

const dress = fc.record({
  type: oneOf('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  external: oneOf('Cluster' as const, 'Local' as const),
  internal: oneOf('Cluster' as const, 'Cluster' as const, 'Local' as const),
  sticky: fc.boolean(),
  hinted: fc.boolean(),
});

const drawn = fc.record({
  minor: oneOf(26, 30, 33, 36),
  zones: fc.array(oneOf('a', 'b', 'c'), { minLength: 2, maxLength: 4 }),
  web: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 5 }),
  api: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
  db: fc.integer({ min: 1, max: 3 }),
  broken: fc.boolean(),
  dresses: fc.tuple(dress, dress, dress, dress, dress),
});

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function template(app: string, image = 'app:1') {
  return {
    metadata: { labels: { app, part: app === 'web' || app === 'api' ? 'front' : 'back' } },
    spec: { containers: [{ name: 'app', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
}

function workload(kind: Workload['kind'], name: string, replicas: number, owner?: string): Workload {
  const hash = owner === undefined ? {} : { 'pod-template-hash': 'x7' };
  const made = template(owner ?? name);
  return {
    kind,
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${kind}-${name}`,
      creationTimestamp: '2026-11-20T10:00:00Z',
      ...(owner === undefined
        ? {}
        : {
            annotations: { 'deployment.kubernetes.io/revision': '1' },
            ownerReferences: [
              {
                apiVersion: 'apps/v1',
                kind: 'Deployment',
                name: owner,
                uid: `uid-Deployment-${owner}`,
                controller: true,
              },
            ],
          }),
    },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      selector: { matchLabels: { app: owner ?? name, ...hash } },
      template: { ...made, metadata: { labels: { ...made.metadata.labels, ...hash } } },
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    },
    status: { replicas, readyReplicas: replicas },
  };
}

function ownedPod(owner: Workload, name: string, on: number, last: number, ready: boolean): Pod {
  const base = pod(name, `node-${on + 1}`, `192.168.${on}.${last}`);
  const { kind, metadata } = owner;
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { ...owner.spec?.template?.metadata?.labels },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind, name: metadata.name, uid: metadata.uid as string, controller: true },
      ],
    },
    spec: { nodeName: `node-${on + 1}`, ...owner.spec?.template?.spec },
    status: {
      ...base.status,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-11-22T10:00:05Z' }],
    },
  };
}

function dressed(name: string, index: number, worn: typeof dress extends fc.Arbitrary<infer T> ? T : never): Service {
  const base = service(name, name === 'both' ? { part: 'front' } : { app: name });
  const address = `10.0.0.${10 + index}`;
  const exposed = worn.type !== 'ClusterIP';
  const balanced = worn.type === 'LoadBalancer';
  const spec = {
    type: worn.type,
    clusterIP: address,
    clusterIPs: [address],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: worn.internal,
    selector: { ...base.spec?.selector },
    ...(exposed ? { externalTrafficPolicy: worn.external } : {}),
    ...(balanced ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(balanced && worn.external === 'Local' ? { healthCheckNodePort: 32000 + index } : {}),
    ...(worn.sticky
      ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } }
      : { sessionAffinity: 'None' }),
    ports: [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 'http', ...(exposed ? { nodePort: 30100 + index } : {}) },
      ...(index % 2 === 0
        ? [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 53, ...(exposed ? { nodePort: 30200 + index } : {}) }]
        : []),
    ],
  };
  return {
    ...base,
    metadata: {
      ...base.metadata,
      ...(worn.hinted ? { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } : {}),
    },
    spec,
    ...(balanced ? { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${index + 1}` }] } } } : {}),
  };
}

export const livingCluster: fc.Arbitrary<Cluster> = drawn.map(({ minor, zones, web, api, db, broken, dresses }) => {
  const nodes = zones.map((zone, index): Node => {
    const made = node(index, { zone });
    return {
      ...made,
      status: { ...made.status, nodeInfo: { kubeletVersion: `v1.${minor}.3`, operatingSystem: 'linux' } },
    };
  });
  const next = zones.map(() => 10);
  const workloads: Workload[] = [];
  const pods: Pod[] = [];
  const add = (owner: Workload, name: string, on: number, ready = true) => {
    const at = on % zones.length;
    pods.push(ownedPod(owner, name, at, next[at] as number, ready));
    next[at] = (next[at] as number) + 1;
  };
  for (const [name, places] of [
    ['web', web],
    ['api', api],
  ] as const) {
    const set = workload('ReplicaSet', `${name}-x7`, places.length, name);
    workloads.push(workload('Deployment', name, places.length), set);
    for (const [index, on] of places.entries())
      add(set, `${name}-x7-${index}`, on, !(broken && name === 'web' && index === 0));
  }
  const set = workload('StatefulSet', 'db', db);
  workloads.push(set);
  for (let index = 0; index < db; index++) add(set, `db-${index}`, index);
  const daemon = workload('DaemonSet', 'agent', zones.length);
  workloads.push(daemon);
  for (const index of zones.keys()) add(daemon, `agent-${index}`, index);
  const services = [...NAMES, 'both'].map((name, index) =>
    dressed(name, index, dresses[index] as (typeof dresses)[number]),
  );
  return cluster({ nodes, pods, services, workloads });
});

type Fields = Readonly<Record<string, unknown>>;

/** The manifest of an object as a repository would have it. */
export function manifestOf(
  object: {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly labels?: object; readonly annotations?: Fields };
    readonly spec?: object;
  },
  spec: Fields = {},
): Fields {
  const { kind, metadata } = object;
  const { [LAST_APPLIED]: _last, ...annotations } = metadata.annotations ?? {};
  return {
    apiVersion: kind === 'Service' ? 'v1' : 'apps/v1',
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...object.spec, ...spec },
  };
}

const KUBE_PROXY: ConfigMap & { readonly apiVersion: string } = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-proxy', namespace: 'kube-system' },
  data: { 'config.conf': 'kind: KubeProxyConfiguration\niptables: { masqueradeAll: true }\n' },
};

const zonesOf = (made: Cluster) => [...new Set([...made.nodes.values()].flatMap((node) => nodeZone(node) ?? []))];

/** Changes of each kind, in several forms, by kind. What they name is in every {@link livingCluster}. */
export function changesOf(made: Cluster): Readonly<Record<string, fc.Arbitrary<Change>>> {
  const service = oneOf(...NAMES, 'both');
  const deployment = oneOf('web' as const, 'api' as const);
  const served = (name: string) => made.services.get(`default/${name}`) as Service;
  const worked = (kind: Workload['kind'], name: string) =>
    made.workloads.get(workloadKey(kind, 'default', name)) as Workload;
  const inDefault = { namespace: 'default' };
  const anyNode = oneOf(...made.nodes.keys());
  const created = (kind: Workload['kind'], type: string) => [
    {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: 'new' },
      spec: {
        ...(kind === 'DaemonSet' ? {} : { replicas: 3 }),
        selector: { matchLabels: { app: 'new' } },
        template: template('new'),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'new' },
      spec: { type, selector: { app: 'new' }, ports: [{ port: 80, targetPort: 'http' }] },
    },
  ];
  return {
    scale: fc.oneof(
      fc
        .tuple(deployment, fc.nat({ max: 7 }))
        .map(([name, replicas]): Change => ({ scale: { kind: 'Deployment', ...inDefault, name, replicas } })),
      fc
        .nat({ max: 4 })
        .map((replicas): Change => ({ scale: { kind: 'StatefulSet', ...inDefault, name: 'db', replicas } })),
    ),
    service: fc
      .tuple(
        service,
        fc.oneof(
          fc.record({ type: oneOf('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const) }),
          fc.record({ internalTrafficPolicy: oneOf('Cluster' as const, 'Local' as const) }),
          fc.record({ externalIPs: oneOf(['198.51.100.9'], []) }),
          fc.record({ sessionAffinity: oneOf('ClientIP' as const, 'None' as const) }),
        ),
      )
      .map(([name, more]): Change => ({ service: { ...inDefault, name, ...more } })),
    patch: fc.oneof(
      service.map(
        (name): Change => ({ patch: { kind: 'Service', name, patch: { spec: { selector: { app: 'web' } } } } }),
      ),
      deployment.map((name): Change => {
        const containers = [{ name: 'app', image: 'app:2' }];
        return { patch: { kind: 'Deployment', name, patch: { spec: { template: { spec: { containers } } } } } };
      }),
      fc.constant<Change>({
        patch: { kind: 'Pod', name: 'web-x7-0', patch: { metadata: { labels: { app: 'api' } } } },
      }),
    ),
    apply: fc.oneof(
      fc.tuple(deployment, fc.nat({ max: 5 })).map(([name, replicas]): Change => {
        const plain = { sessionAffinity: 'None', sessionAffinityConfig: null };
        return {
          apply: { manifests: [manifestOf(worked('Deployment', name), { replicas }), manifestOf(served(name), plain)] },
        };
      }),
      fc
        .tuple(
          oneOf('Deployment' as const, 'StatefulSet' as const, 'DaemonSet' as const),
          oneOf('ClusterIP', 'NodePort', 'LoadBalancer'),
        )
        .map(([kind, type]): Change => ({ apply: { manifests: created(kind, type) } })),
      oneOf('StatefulSet' as const, 'DaemonSet' as const).map((kind): Change => {
        const name = kind === 'StatefulSet' ? 'db' : 'agent';
        return { apply: { manifests: [manifestOf(worked(kind, name), { template: template(name, 'app:2') })] } };
      }),
      fc.constant<Change>({ apply: { manifests: [KUBE_PROXY as unknown as Fields] } }),
    ),
    rollout: fc.oneof(
      fc
        .tuple(deployment, oneOf<number | string>(0, 1, '50%'), oneOf<number | string>(1, '50%'), fc.nat({ max: 3 }))
        .map(
          ([name, maxSurge, maxUnavailable, step]): Change => ({
            rollout: { kind: 'Deployment', ...inDefault, name, maxSurge, maxUnavailable, step },
          }),
        ),
      oneOf('FEWEST_READY' as const, 'MOST_PODS' as const, 'COMPLETE' as const).map(
        (state): Change => ({ rollout: { kind: 'StatefulSet', ...inDefault, name: 'db', state } }),
      ),
      oneOf('1/2', '0', '1').map(
        (progress): Change => ({ rollout: { kind: 'DaemonSet', ...inDefault, name: 'agent', progress } }),
      ),
    ),
    pods: oneOf('NOT_READY' as const, 'TERMINATING' as const, 'DELETED' as const).map(
      (state): Change => ({ pods: { ...inDefault, selector: { matchLabels: { part: 'front' } }, state } }),
    ),
    node: fc.oneof(
      fc
        .tuple(anyNode, oneOf('CORDON' as const, 'DRAIN' as const, 'FAIL' as const, 'REMOVE' as const))
        .map(([name, action]): Change => ({ node: { name, action } })),
      fc
        .tuple(anyNode, fc.boolean())
        .map(([name, reschedule]): Change => ({ node: { name, action: 'FAIL', reschedule } })),
      oneOf('a', 'b', 'd').map((zone): Change => ({ node: { name: 'node-x', action: 'ADD', node: { zone } } })),
    ),
    zone: fc
      .tuple(oneOf(...zonesOf(made)), oneOf('CORDON' as const, 'DRAIN' as const, 'FAIL' as const, 'REMOVE' as const))
      // The last nodes cannot be removed.
      .map(([name, action]) => ({ name, action: action === 'REMOVE' && zonesOf(made).length === 1 ? 'FAIL' : action }))
      .map((zone) => ({ zone }) as Change),
    delete: oneOf<Change['delete']>(
      { kind: 'Service', ...inDefault, name: 'web' },
      { kind: 'Deployment', ...inDefault, name: 'api' },
      { kind: 'DaemonSet', ...inDefault, name: 'agent' },
      { kind: 'Node', name: [...made.nodes.keys()].at(-1) ?? '' },
      ...[...made.pods.values()].map(({ metadata }) => ({ kind: 'Pod', ...inDefault, name: metadata.name }) as const),
    ).map((one) => ({ delete: one }) as Change),
    proxy: fc.oneof(
      oneOf('1.28', '1.36').map((kubernetesVersion): Change => ({ proxy: { kubernetesVersion } })),
      fc.constant<Change>({ proxy: { settings: { iptables: { masqueradeAll: true } } } }),
    ),
    loadBalancer: oneOf('metallb-l2' as const, 'generic' as const).map(
      (implementation): Change => ({ loadBalancer: { implementation } }) as Change,
    ),
  };
}

/** The cluster as `kubectl get … -o json` would print it. */
export function printed(made: Cluster): { readonly kind: 'List'; readonly items: readonly object[] } {
  const { nodes, pods, services, endpointSlices, endpoints, workloads, configMaps } = made;
  const items = [nodes, pods, services, endpointSlices, endpoints, workloads, configMaps].flatMap((map) => [
    ...(map as { values(): Iterable<object> }).values(),
  ]);
  return { kind: 'List', items };
}
