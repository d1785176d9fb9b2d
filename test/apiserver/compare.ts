/** Holds what `apply` answers against what the real programs do with one manifest. */
import { LAST_APPLIED } from '../../src/api-server/note.js';
import { isDeepStrictEqual } from '../../src/base/deep-equal.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { AppliedObject } from '../../src/contract/answers.js';
import { answerApply } from '../../src/questions/apply/answer-apply.js';
import type { RandomCase } from './random-manifests.js';
import { type Real, statusIn } from './real.js';

type Fields = Readonly<Record<string, unknown>>;

const AT = '2026-01-01T00:00:00Z';
export const NAMESPACE = 'shop';
const CLUSTER_KINDS = ['Node', 'Namespace'];

/** What the API server is started with, as a snapshot shows it. */
const AROUND: readonly object[] = [
  {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name: 'cp' },
    status: { nodeInfo: { kubeletVersion: 'v1.36.4', kubeProxyVersion: 'v1.36.4' } },
  },
  {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'kube-apiserver-cp', namespace: 'kube-system', labels: { component: 'kube-apiserver' } },
    spec: {
      nodeName: 'cp',
      hostNetwork: true,
      containers: [
        {
          name: 'kube-apiserver',
          command: ['kube-apiserver', '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112'],
        },
      ],
    },
    status: { phase: 'Running' },
  },
  {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ports: [{ port: 443 }] },
  },
  { kind: 'Namespace', apiVersion: 'v1', metadata: { name: NAMESPACE } },
];

const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  DaemonSet: 'daemonsets',
  Deployment: 'deployments',
  EndpointSlice: 'endpointslices',
  Endpoints: 'endpoints',
  Namespace: 'namespaces',
  NetworkPolicy: 'networkpolicies',
  Node: 'nodes',
  Pod: 'pods',
  ReplicaSet: 'replicasets',
  Service: 'services',
  StatefulSet: 'statefulsets',
};

function pathOf({ apiVersion, kind, metadata }: Fields): string {
  const root = String(apiVersion).includes('/') ? `/apis/${String(apiVersion)}` : '/api/v1';
  const scope = CLUSTER_KINDS.includes(String(kind)) ? '' : `/namespaces/${NAMESPACE}`;
  return `${root}${scope}/${PLURALS[String(kind)]}/${String((metadata as Fields).name)}`;
}

const DRAWN = ['uid', 'creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'deletionTimestamp'];

/** An object without what is drawn: identities, times, addresses and ports that are not in the manifest or before. */
function bare(object: Fields, known: string): unknown {
  const visit = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => visit(one, key));
    if (typeof value !== 'object' || value === null) {
      const isDrawn = ['clusterIP', 'clusterIPs', 'nodePort', 'healthCheckNodePort'].includes(key);
      if (isDrawn && value !== 'None' && !known.includes(JSON.stringify(value))) return 'drawn';
      return typeof value === 'string' ? value.replace(/^kube-api-access-\w{5}$/, 'kube-api-access') : value;
    }
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, visit(one, name)]));
  };
  const metadata = Object.fromEntries(
    Object.entries(object.metadata as Fields).filter(([key]) => !DRAWN.includes(key)),
  );
  const { [LAST_APPLIED]: _note, ...annotations } = (metadata.annotations ?? {}) as Fields;
  const { annotations: _annotations, ...rest } = metadata;
  const kept = Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
  const { status, ...own } = object;
  const shown = object.kind === 'Service' ? { status } : {};
  return visit({ ...own, ...shown, metadata: kept }, '');
}

function ask(before: Fields | undefined, { manifest, mode }: RandomCase): AppliedObject | undefined {
  const snapshot = { inline: { kind: 'List', items: [...AROUND, ...(before === undefined ? [] : [before])] } };
  const options = { ...(mode === 'client' ? {} : { serverSide: true }), ...(mode === 'force' ? { force: true } : {}) };
  const change = { apply: { manifests: [manifest], namespace: NAMESPACE, ...options } };
  const request = { snapshot, at: AT, changes: [change] } as never;
  const { result } = answerApply(request, readSnapshot(snapshot));
  return result.objects.find(({ kind, name }) => kind === manifest.kind && name === (manifest.metadata as Fields).name);
}

interface Cause {
  readonly field?: string;
  readonly reason?: string;
}

const causesOf = (causes: readonly Cause[]) =>
  [...new Set(causes.map(({ field = '', reason = '' }) => `${reason} ${field}`))].sort();

/** Removes an object, whatever holds it. */
async function removed(real: Real, object: Fields): Promise<void> {
  const path = pathOf(object);
  await real.call('DELETE', `${path}?gracePeriodSeconds=0`);
  if (object.kind !== 'Namespace') return;
  const { body, status } = await real.call('GET', path);
  if (status === 200) await real.call('PUT', `${path}/finalize`, { ...(body as Fields), spec: { finalizers: [] } });
}

/**
 * How the answer differs from what really happens; undefined where it does not, `skipped` where what was before is
 * refused.
 */
export async function difference(real: Real, one: RandomCase): Promise<string | undefined> {
  const { manifest, mode } = one;
  await removed(real, manifest);
  let before: Fields | undefined;
  const input = (value: unknown) => JSON.stringify(value);
  const at = CLUSTER_KINDS.includes(String(manifest.kind)) ? [] : ['-n', NAMESPACE];
  if (one.before !== undefined) {
    const side = one.beforeMode === 'server' ? ['--server-side'] : [];
    const ran = await real.kubectl(['apply', ...at, ...side, '-f', '-'], input(one.before));
    if (ran.code !== 0) return 'skipped';
    if (one.others !== undefined) {
      const patch = ['patch', String(manifest.kind), String((manifest.metadata as Fields).name), ...at];
      await real.kubectl([...patch, '--type=merge', '--field-manager=operator', '-p', input(one.others)]);
    }
    before = (await real.call('GET', pathOf(manifest))).body;
  }
  const flags = mode === 'client' ? [] : ['--server-side', ...(mode === 'force' ? ['--force-conflicts'] : [])];
  const ran = await real.kubectl(['apply', ...at, ...flags, '-v=9', '-f', '-'], input(manifest));
  const found = ask(before, one);
  if (found === undefined) return 'not listed';
  if (ran.code !== 0) {
    const status = statusIn(ran.err);
    const last = ran.err.trim().split('\n').at(-1) ?? '';
    if (found.outcome !== 'REFUSED')
      return `${found.outcome}, but really refused: ${JSON.stringify(status?.details) ?? last}`;
    if (status === undefined) return undefined;
    const { causes: theirs = [] } = (status.details ?? {}) as { readonly causes?: readonly Cause[] };
    const reason = found.error?.reason;
    const own = (found.error?.causes ?? []).filter(() => theirs.length > 0 || !(reason ?? '').includes('Error'));
    // Of objects that cannot be decoded the API server tells no causes.
    const really = status.code === 500 ? 'InternalError' : status.reason;
    if (['BadRequest', 'InternalError'].includes(really)) {
      return reason === really ? undefined : `refused as ${reason} ${input(own)}, really ${really} ${last}`;
    }
    const reported = own.filter(
      (cause) => cause.reason !== 'UnknownField' || !own.some(({ field }) => field === 'patch'),
    );
    const ours = [reason, causesOf(reported)];
    const real = [status.reason, causesOf(theirs)];
    return isDeepStrictEqual(ours, real)
      ? undefined
      : `refused as ${input(ours)}, really ${input(real)}: ${last.slice(0, 600)}`;
  }
  if (found.outcome === 'REFUSED') return `refused: ${input(found.error)}`;
  const after = (await real.call('GET', pathOf(manifest))).body as Fields;
  const known = input([before ?? {}, manifest]);
  const [ours, theirs] = [bare(found.after as Fields, known), bare(after, known)];
  if (!isDeepStrictEqual(ours, theirs)) return `stored ${input(ours)}, but really ${input(theirs)}`;
  const word = / (created|configured|unchanged)/.exec(ran.out)?.[1]?.toUpperCase();
  return word === undefined || word === found.outcome ? undefined : `${found.outcome}, but really ${word}`;
}
