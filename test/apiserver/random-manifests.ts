/** Random manifests: a valid one with a few fields set, taken away or repeated, as the API's schema has them. */
import fc from 'fast-check';
import { innerType, typeSchema } from '../../src/api-server/schema.js';

type Fields = Record<string, unknown>;

const CONTAINER = { name: 'app', image: 'nginx:1.27' };
const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: { containers: [CONTAINER] } };
const SELECTOR = { matchLabels: { app: 'web' } };
const PORTS = [{ name: 'http', port: 80, targetPort: 8080 }];

/** The manifests that are changed. */
const BASES: readonly Fields[] = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: PORTS } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [...PORTS, { name: 'dns', port: 53, protocol: 'UDP' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: { app: 'web' }, ports: PORTS },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { clusterIP: 'None', ports: PORTS } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'ExternalName', externalName: 'a.b' } },
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map((kind) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web' },
    spec: { selector: SELECTOR, template: TEMPLATE, ...(kind === 'StatefulSet' ? { serviceName: 'web' } : {}) },
  })),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { a: 'b' } },
    spec: {
      replicas: 2,
      selector: SELECTOR,
      template: {
        ...TEMPLATE,
        spec: {
          volumes: [{ name: 'v', emptyDir: {} }],
          containers: [
            {
              ...CONTAINER,
              ports: [{ name: 'http', containerPort: 8080 }],
              env: [{ name: 'A', value: '1' }],
              volumeMounts: [{ name: 'v', mountPath: '/v' }],
              readinessProbe: { httpGet: { port: 'http' } },
              resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
            },
          ],
        },
      },
    },
  },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tool' }, spec: { containers: [CONTAINER] } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { a: '1' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stage', labels: { a: 'b' } } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-9' }, spec: { podCIDR: '10.1.2.0/24' } },
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'db' },
    subsets: [{ addresses: [{ ip: '192.0.2.10' }], ports: [{ name: 'pg', port: 5432 }] }],
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.10'] }],
    ports: [{ name: 'pg', port: 5432 }],
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'guard' },
    spec: { podSelector: SELECTOR, ingress: [{ from: [{ podSelector: SELECTOR }], ports: [{ port: 80 }] }] },
  },
];

const TEXTS = [
  ...['', 'a', 'web', 'http', 'A_b', '-x', 'a.b', 'x/y', 'app', 'x'.repeat(70), '80', '8080', 'v', 'nginx', 'true'],
  ...[
    '10.0.0.1',
    '10.0.0.01',
    '10.0.0.0/8',
    '10.0.0.1/8',
    '127.0.0.1',
    'fd00::1',
    'fd00::/64',
    '::ffff:1.2.3.4',
    '203.0.113.7',
  ],
  ...['TCP', 'UDP', 'SCTP', 'tcp', 'None', 'Local', 'Cluster', 'ClientIP', 'IPv4', 'IPv6', 'FQDN'],
  ...['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName', 'SingleStack', 'PreferDualStack', 'RequireDualStack'],
  ...['Always', 'Never', 'OnFailure', 'IfNotPresent', 'RollingUpdate', 'Recreate', 'OnDelete', 'Parallel', 'Retain'],
  ...['25%', '0%', '120%', '%', '..', '../x', '/abs', '/', 'Exists', 'Equal', 'In', 'NotIn', 'DoesNotExist', 'Gt'],
  ...['NoSchedule', 'NoExecute', 'DoNotSchedule', 'ScheduleAnyway', 'Ingress', 'Egress', 'HTTP', 'HTTPS', 'Default'],
  ...['metadata.name', 'status.podIP', 'limits.cpu', 'topology.kubernetes.io/zone', 'PreferClose', 'PreferSameZone'],
];
const NUMBERS = [0, 1, -1, 2, 5, 53, 80, 443, 8080, 10250, 30080, 30081, 40000, 65535, 65536, 70000, 100000];
const QUANTITIES = ['1', '100m', '0.5', '1Gi', '1024Mi', '-1', '0', '1.5', 'abc', 2, '1e3'];

/** Fields that are of other machinery, or of features that are off. */
const LEFT_OUT = new Set(
  [
    'apiVersion',
    'kind',
    'status',
    'managedFields',
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'selfLink',
    'generation',
  ]
    .concat(['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generateName', 'ownerReferences'])
    .concat([
      'finalizers',
      'ephemeralContainers',
      'resourceClaims',
      'claims',
      'windowsOptions',
      'overhead',
      'schedulingGroup',
    ])
    .concat(['configSource', 'externalID', 'restartPolicyRules', 'hostnameOverride', 'workloadRef'])
    .concat(['podCertificate', 'clusterTrustBundle', 'fileKeyRef', 'priority'])
    .concat(['serviceAccountName', 'serviceAccount', 'automountServiceAccountToken', 'dataSource'])
    .concat(['dataSourceRef', 'os', 'glusterfs'])
    .concat(['cinder', 'flocker', 'azureFile', 'vsphereVolume', 'quobyte'])
    .concat(['photonPersistentDisk', 'portworxVolume', 'scaleIO', 'storageos', 'gitRepo', 'awsElasticBlockStore'])
    .concat([
      'gcePersistentDisk',
      'ephemeral',
      'csi',
      'binaryData',
      'nodeName',
      'stopSignal',
      'conditions',
      'targetRef',
    ])
    .concat(['podSpecHash', 'gRPC']),
);

/** Values that are valid, by the name of the field. */
const VALID: Readonly<Record<string, readonly unknown[]>> = {
  type: ['ClusterIP', 'NodePort', 'LoadBalancer', 'RollingUpdate', 'Recreate', 'OnDelete'],
  sessionAffinity: ['None', 'ClientIP'],
  externalTrafficPolicy: ['Cluster', 'Local'],
  internalTrafficPolicy: ['Cluster', 'Local'],
  ipFamilyPolicy: ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
  ipFamilies: [['IPv4'], ['IPv6'], ['IPv4', 'IPv6']],
  clusterIP: ['None', '10.96.7.7', '10.96.7.8'],
  externalIPs: [['203.0.113.7'], ['203.0.113.7', '203.0.113.8']],
  loadBalancerSourceRanges: [['10.0.0.0/8'], ['192.0.2.0/24', '10.0.0.0/8'], []],
  loadBalancerClass: ['example.com/lb', 'internal'],
  trafficDistribution: ['PreferClose', 'PreferSameZone'],
  protocol: ['TCP', 'UDP'],
  port: [80, 81, 443],
  targetPort: [8080, 9090, 'http', 'web'],
  nodePort: [30080, 30081, 30082],
  healthCheckNodePort: [31000, 31001],
  appProtocol: ['http', 'example.com/x'],
  externalName: ['a.example', 'b.example'],
  image: ['nginx:1.27', 'nginx:1.28', 'nginx', 'nginx:latest'],
  containerPort: [8080, 9090, 53],
  hostPort: [8080, 9090],
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  dnsPolicy: ['ClusterFirst', 'Default'],
  restartPolicy: ['Always'],
  schedulerName: ['default-scheduler', 'other'],
  terminationGracePeriodSeconds: [0, 5, 30],
  replicas: [0, 1, 2, 3],
  minReadySeconds: [0, 5],
  revisionHistoryLimit: [0, 3, 10],
  progressDeadlineSeconds: [60, 600],
  maxSurge: [0, 1, '25%', '50%'],
  maxUnavailable: [0, 1, '25%', '50%'],
  partition: [0, 1],
  podManagementPolicy: ['OrderedReady', 'Parallel'],
  mountPath: ['/v', '/w'],
  subPath: ['a', 'a/b'],
  value: ['1', '2', 'a'],
  operator: ['Exists', 'Equal', 'In', 'NotIn'],
  effect: ['NoSchedule', 'NoExecute'],
  topologyKey: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'],
  whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'],
  maxSkew: [1, 2],
  key: ['a', 'app', 'x.io/y'],
  addressType: ['IPv4', 'IPv6'],
  addresses: [['192.0.2.10'], ['192.0.2.11'], ['192.0.2.10', '192.0.2.11']],
  ip: ['192.0.2.10', '192.0.2.11'],
  cidr: ['10.0.0.0/8', '192.0.2.0/24', 'fd00::/64'],
  except: [['10.1.0.0/16'], []],
  endPort: [90, 100],
  policyTypes: [['Ingress'], ['Egress'], ['Ingress', 'Egress'], []],
  podCIDR: ['10.1.2.0/24', '10.1.3.0/24'],
  podCIDRs: [['10.1.2.0/24'], ['10.1.2.0/24', 'fd00:1::/64']],
  zone: ['a', 'b'],
  hostname: ['h', 'i'],
  path: ['/a', '/b'],
  scheme: ['HTTP', 'HTTPS'],
  periodSeconds: [5, 10],
  successThreshold: [1],
  failureThreshold: [1, 3],
};

type Draw = (most: number) => number;

const pick = <T>(draw: Draw, list: readonly T[]): T => list[draw(list.length - 1)] as T;

function fieldsOfType(type: string): readonly string[] {
  return [...(typeSchema(type)?.keys() ?? [])].filter((key) => key !== '*' && !LEFT_OUT.has(key));
}

function anyOf(draw: Draw, type: string, depth: number): unknown {
  if (type.startsWith('[]')) {
    return Array.from({ length: draw(2) }, () => anyOf(draw, innerType(type), depth - 1));
  }
  if (type.startsWith('{}')) {
    return Object.fromEntries(
      Array.from({ length: draw(2) }, () => [
        innerType(type) === 'quantity' ? pick(draw, ['cpu', 'memory', 'x.io/y', 'bad']) : pick(draw, TEXTS.slice(0, 9)),
        anyOf(draw, innerType(type), depth - 1),
      ]),
    );
  }
  switch (type) {
    case 'string':
      return pick(draw, TEXTS);
    case 'integer':
      return pick(draw, NUMBERS);
    case 'boolean':
      return draw(1) === 1;
    case 'int-or-string':
      return draw(1) === 1 ? pick(draw, NUMBERS) : pick(draw, TEXTS);
    case 'quantity':
      return pick(draw, QUANTITIES);
    default: {
      const schema = typeSchema(type);
      if (schema === undefined) return {};
      const required = [...schema.values()].filter(({ required }) => required).map(({ name }) => name);
      const more = depth > 0 ? fieldsOfType(type).filter(() => draw(9) < 2) : [];
      const names = [...new Set([...required.filter(() => draw(9) > 0), ...more])];
      return Object.fromEntries(
        names.map((key) => {
          const valid = VALID[key];
          const isValid = valid !== undefined && draw(9) < 8;
          return [key, isValid ? pick(draw, valid) : anyOf(draw, schema.get(key)?.type ?? 'any', depth - 1)] as const;
        }),
      );
    }
  }
}

const WRONG: readonly unknown[] = ['text', 7, true, [], {}, ['x'], { a: 1 }, 1.5];

/** Changes something at a place below a value. */
function changedAt(draw: Draw, value: unknown, type: string): unknown {
  if (Array.isArray(value)) {
    const index = draw(value.length);
    if (index === value.length) return [...value, anyOf(draw, innerType(type), 2)];
    if (draw(9) === 0) return value.filter((_, at) => at !== index);
    if (draw(9) === 0) return [...value, value[index]];
    return value.map((one, at) => (at === index ? changedAt(draw, one, innerType(type)) : one));
  }
  if (typeof value !== 'object' || value === null) return anyOf(draw, type, 1);
  const own = value as Fields;
  if (type.startsWith('{}')) {
    return { ...own, [pick(draw, TEXTS.slice(0, 9))]: anyOf(draw, innerType(type), 1) };
  }
  const schema = typeSchema(type);
  const present = Object.keys(own).filter((key) => !LEFT_OUT.has(key) || key === 'spec');
  const isDeep = present.length > 0 && draw(9) < 6;
  const main = present.filter((one) => one !== 'metadata' || draw(9) < 3);
  const key = isDeep ? pick(draw, main.length > 0 ? main : present) : pick(draw, fieldsOfType(type));
  if (key === undefined) return value;
  if (draw(24) === 0) return { ...own, [`${key}x`]: own[key] ?? 1 };
  if (draw(24) === 0) return { ...own, [key]: pick(draw, WRONG) };
  if (draw(30) === 0) return { ...own, [key]: null };
  if (isDeep && draw(9) === 0) {
    const { [key]: _gone, ...rest } = own;
    return rest;
  }
  const inner = schema?.get(key)?.type ?? 'any';
  const valid = VALID[key];
  if (valid !== undefined && draw(9) < 8) return { ...own, [key]: pick(draw, valid) };
  return { ...own, [key]: isDeep ? changedAt(draw, own[key], inner) : anyOf(draw, inner, 2) };
}

/** What was applied before, if anything, and what is applied now. */
export interface RandomCase {
  readonly before: Fields | undefined;
  /** On whose side that was applied. */
  readonly beforeMode: 'client' | 'server';
  /** What another manager then changed, a merge patch. */
  readonly others: Fields | undefined;
  readonly manifest: Fields;
  readonly mode: 'client' | 'server' | 'force';
}

export const randomCase: fc.Arbitrary<RandomCase> = fc
  .array(fc.nat(1_000_000), { minLength: 400, maxLength: 400 })
  .map((numbers) => {
    let at = 0;
    const draw: Draw = (most) => (most <= 0 ? 0 : (numbers[at++ % numbers.length] as number) % (most + 1));
    const base = pick(draw, BASES);
    const kind = String(base.kind);
    const change = (value: Fields) => {
      let result: Fields = value;
      for (let count = 1 + (draw(3) === 0 ? 1 : 0); count > 0; count--)
        result = changedAt(draw, result, kind) as Fields;
      const metadata = typeof result.metadata === 'object' && !Array.isArray(result.metadata) ? result.metadata : {};
      // Which object it is stays.
      return { ...result, apiVersion: base.apiVersion, kind, metadata: { ...metadata, ...(base.metadata as Fields) } };
    };
    const same = BASES.filter((one) => one.kind === kind);
    const isThere = draw(2) > 0;
    const before = isThere ? (draw(1) === 0 ? base : pick(draw, same)) : undefined;
    const changed: Fields = before === undefined ? {} : change(before);
    const others = before !== undefined && draw(2) === 0 ? { spec: changed.spec, data: changed.data } : undefined;
    return {
      before,
      beforeMode: draw(2) === 0 ? 'server' : 'client',
      others,
      manifest: change(base),
      mode: pick(draw, ['client', 'client', 'server', 'server', 'force'] as const),
    };
  });
