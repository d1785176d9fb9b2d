/** Client-side apply against recordings of kubectl and kube-apiserver 1.36: the stored object, or that it is refused. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { isDeepStrictEqual } from '../../src/base/deep-equal.js';
import { QuestionError } from '../../src/base/errors.js';
import { checkObject } from '../../src/cluster/check-object.js';
import { type Cluster, workloadKey } from '../../src/cluster/cluster.js';
import { type UsedKind, usedKind } from '../../src/cluster/kinds.js';
import type { KubernetesObject, Service } from '../../src/cluster/objects.js';
import { readResource, resourceKey, resourceRole } from '../../src/cluster/resources.js';
import { changed, cluster, node } from './fixture.js';

type Fields = Readonly<Record<string, unknown>>;

interface Recording {
  /** The kind, and for `singlestack` the cluster too. */
  readonly group: string;
  readonly before: readonly (Fields & { readonly kind: string })[];
  readonly manifest: Fields & { readonly kind: string };
  readonly client: {
    readonly outcome?: string;
    readonly after?: Fields;
    /** JSON Pointers of values that are drawn. */
    readonly allocated?: readonly string[];
    readonly error?: unknown;
  };
}

const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
const RECORDINGS: Readonly<Record<string, Recording>> = JSON.parse(
  gunzipSync(readFileSync('test/changes/golden-apply/client.json.gz')).toString(),
);

/** Recordings that do not agree yet. One that agrees must be taken from this list. */
const DIFFERENT: readonly string[] = JSON.parse(readFileSync('test/changes/golden-apply/different.json', 'utf8'));

function clusterService(dual: boolean): Service[] {
  const make = (name: string, clusterIPs: readonly string[]): Service => ({
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIPs[0] as string,
      clusterIPs,
      ipFamilies: clusterIPs.length > 1 ? ['IPv4', 'IPv6'] : ['IPv4'],
      ports: [{ port: 443, protocol: 'TCP', targetPort: 6443 }],
    },
  });
  const other = make('dual', ['10.96.255.250', 'fd00:10:96::fff0']);
  return dual ? [make('kubernetes', ['10.96.0.1']), other] : [make('kubernetes', ['10.96.0.1'])];
}

function clusterOf({ before, group }: Recording): Cluster {
  const read = before.flatMap((value) => {
    const kind = usedKind(value.kind, value.apiVersion);
    if (kind === undefined) return [];
    const result = checkObject(kind, value);
    if ('faults' in result) throw new Error(JSON.stringify(result.faults));
    return [result.object];
  });
  const of = (...kinds: readonly string[]) => read.filter(({ kind }) => kinds.includes(kind)) as never[];
  const worker = node(0);
  const { nodeInfo: _info, ...status } = worker.status ?? {};
  const nodes = [{ ...worker, status: { ...status, nodeInfo: { kubeletVersion: 'v1.36.4' } } }, ...of('Node')];
  const made = cluster({
    nodes,
    pods: of('Pod'),
    services: [...clusterService(group !== 'singlestack'), ...of('Service')],
    endpoints: of('Endpoints'),
    workloads: of('Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'),
  });
  const resources = before.flatMap((value) => {
    if (resourceRole(value.kind, value.apiVersion) === undefined) return [];
    const result = readResource(value.kind, value.apiVersion, value);
    return 'faults' in result ? [] : [result.resource];
  });
  const slices = of('EndpointSlice') as unknown as KubernetesObject[];
  return made.with({
    resources: new Map(resources.map((one) => [resourceKey(one), one])),
    endpointSlices: new Map(slices.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one])) as never,
  });
}

function find(made: Cluster, { kind, apiVersion, metadata }: Fields): Fields | undefined {
  const { name, namespace = 'shop' } = metadata as { readonly name: string; readonly namespace?: string };
  const key = `${namespace}/${name}`;
  const used = usedKind(String(kind), apiVersion);
  const stores: Readonly<Partial<Record<UsedKind, unknown>>> = {
    Node: made.nodes.get(name),
    Pod: made.pods.get(key),
    Service: made.services.get(key),
    EndpointSlice: made.endpointSlices.get(key),
    Endpoints: made.endpoints.get(key),
    ConfigMap: made.configMaps.get(key),
  };
  if (used === undefined) {
    const resource = { kind: String(kind), apiVersion, metadata: { name, namespace } } as never;
    return made.resources.get(resourceKey(resource)) as unknown as Fields;
  }
  return (stores[used] ?? made.workloads.get(workloadKey(used as never, namespace, name))) as unknown as Fields;
}

/** Defaults that the model does not write into a template: it reads an absent field as the API server fills it in. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  terminationMessagePath: ['/dev/termination-log'],
  terminationMessagePolicy: ['File'],
  imagePullPolicy: ['IfNotPresent', 'Always'],
  restartPolicy: ['Always'],
  terminationGracePeriodSeconds: [30],
  dnsPolicy: ['ClusterFirst'],
  schedulerName: ['default-scheduler'],
  securityContext: [{}],
  resources: [{}],
  protocol: ['TCP'],
  enableServiceLinks: [true],
  serviceAccount: ['default'],
  serviceAccountName: ['default'],
  preemptionPolicy: ['PreemptLowerPriority'],
  priority: [0],
  defaultMode: [420],
  podManagementPolicy: ['OrderedReady'],
  revisionHistoryLimit: [10],
  progressDeadlineSeconds: [600],
  replicas: [1],
  partition: [0],
  persistentVolumeClaimRetentionPolicy: [{ whenDeleted: 'Retain', whenScaled: 'Retain' }],
  maxSurge: ['25%', 0],
  maxUnavailable: ['25%', 1],
  rollingUpdate: [{}],
  type: ['RollingUpdate'],
  strategy: [{}],
  updateStrategy: [{}],
  failureThreshold: [3],
  periodSeconds: [10],
  successThreshold: [1],
  timeoutSeconds: [1],
  scheme: ['HTTP'],
  apiVersion: ['v1'],
};

const DRAWN = ['uid', 'creationTimestamp', 'generation', 'managedFields', 'resourceVersion'];

/** A value without what is not compared: empty values and, of workloads and pods, defaults. */
function bare(value: unknown, defaults: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => bare(item, defaults));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value)
    .map(([key, item]) => [key, bare(item, defaults)] as const)
    .filter(([key, item]) => {
      if (key === LAST || DRAWN.includes(key) || isDeepStrictEqual(item, {}) || isDeepStrictEqual(item, []))
        return false;
      return !(defaults && DEFAULTS[key]?.some((one) => isDeepStrictEqual(one, item)) === true);
    });
  return Object.fromEntries(fields.filter(([, item]) => item !== undefined));
}

function without(value: unknown, [first = '', ...rest]: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const item = (one: unknown) => (rest.length === 0 ? 'drawn' : without(one, rest));
    return value.map((one, index) => (String(index) === first ? item(one) : one));
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key !== first) return [[key, item]];
      return rest.length === 0 ? [] : [[key, without(item, rest)]];
    }),
  );
}

function comparable(object: Fields | undefined, { client, manifest }: Recording): unknown {
  const { status: _status, apiVersion: _version, ...own } = object ?? {};
  const drawn = (client.allocated ?? []).map((pointer) => pointer.split('/').slice(1));
  const kept = drawn.reduce<unknown>((value, path) => without(value, path), own) as Fields;
  const fields = manifest.kind === 'Pod' ? without(without(kept, ['spec', 'nodeName']), ['spec', 'tolerations']) : kept;
  const scoped = manifest.kind === 'Node' ? without(fields, ['metadata', 'namespace']) : fields;
  const whole = ['Service', 'EndpointSlice', 'Endpoints'].includes(manifest.kind);
  return bare(scoped, !whole);
}

/** How the model's result differs from the recording; undefined where it does not. */
function difference(recording: Recording): string | undefined {
  const { client, manifest } = recording;
  const before = clusterOf(recording);
  try {
    const result = changed(before, { apply: { manifests: [manifest], namespace: 'shop' } });
    if (client.error !== undefined) return `accepted, but really refused: ${JSON.stringify(client.error)}`;
    const theirs = comparable(client.after, recording);
    const ours = comparable(find(result.cluster, manifest), recording);
    if (isDeepStrictEqual(ours, theirs)) return undefined;
    return `stored ${JSON.stringify(ours)}, but really ${JSON.stringify(theirs)}`;
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    if (client.error !== undefined) return undefined;
    return `refused: ${error.problems.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')}`;
  }
}

t.test('client-side apply stores or refuses what the API server does', async (t) => {
  for (const [name, recording] of Object.entries(RECORDINGS)) {
    const found = difference(recording);
    if (process.env.SHOW === '1' && found !== undefined) console.error(`${recording.group} ${name}: ${found}`);
    if (!DIFFERENT.includes(name)) t.equal(found, undefined, name);
    else t.not(found, undefined, `${name} agrees: take it from the list`);
  }
  const unknown = DIFFERENT.filter((name) => RECORDINGS[name] === undefined);
  t.strictSame(unknown, [], 'the list names recordings');
});
