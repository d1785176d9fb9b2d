/** The options that change the cluster before the question, each as the change that it stands for. */
import type { ManifestFile } from '../changes/manifests/read-manifests.js';
import { readDestination, readScale } from '../words/read-targets.js';
import { oneOf } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { readJsonOption } from './input-files.js';

type Fields = Readonly<Record<string, unknown>>;

/** The Service of `--to`, for the options that change it. Throws UsageError where it is not one Service. */
function serviceOfTo(args: Arguments, option: string): Fields {
  const [to, ...more] = args.all('to');
  const destination = to === undefined || more.length > 0 ? undefined : readDestination(to);
  const { service } = destination ?? {};
  if (service === undefined) {
    throw new UsageError(`--${option} changes the Service of --to: give --to [NAMESPACE/]NAME, or write --change.`);
  }
  return { namespace: service.namespace, name: service.name };
}

/** `KIND/NAMESPACE/NAME`, or `KIND/NAME` of the namespace. */
function deleted(text: string, namespace: string): Fields {
  const words = text.split('/');
  const [kind = '', ...names] = words;
  const [first = '', second] = names;
  const known = DELETED_KINDS[kind.toLowerCase()] ?? kind;
  if (kind === '' || first === '' || names.length > 2 || second === '') {
    throw new UsageError(`--delete is KIND/NAMESPACE/NAME or KIND/NAME, not ${text}.`);
  }
  if (!IN_NAMESPACES.has(known)) return { kind: known, name: second ?? first };
  return second === undefined
    ? { kind: known, namespace, name: first }
    : { kind: known, namespace: first, name: second };
}

/** Kinds whose objects have a namespace. */
const IN_NAMESPACES: ReadonlySet<string> = new Set([
  ...['Pod', 'Service', 'EndpointSlice', 'Endpoints', 'ConfigMap', 'NetworkPolicy'],
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'],
]);

/** Kinds as kubectl spells them. */
const DELETED_KINDS: Readonly<Record<string, string>> = {
  pod: 'Pod',
  po: 'Pod',
  service: 'Service',
  svc: 'Service',
  deployment: 'Deployment',
  deploy: 'Deployment',
  replicaset: 'ReplicaSet',
  rs: 'ReplicaSet',
  statefulset: 'StatefulSet',
  sts: 'StatefulSet',
  daemonset: 'DaemonSet',
  ds: 'DaemonSet',
  node: 'Node',
  no: 'Node',
  endpointslice: 'EndpointSlice',
  endpoints: 'Endpoints',
  ep: 'Endpoints',
  configmap: 'ConfigMap',
  cm: 'ConfigMap',
  networkpolicy: 'NetworkPolicy',
  netpol: 'NetworkPolicy',
  namespace: 'Namespace',
  ns: 'Namespace',
  adminnetworkpolicy: 'AdminNetworkPolicy',
  anp: 'AdminNetworkPolicy',
  baselineadminnetworkpolicy: 'BaselineAdminNetworkPolicy',
  banp: 'BaselineAdminNetworkPolicy',
  clusternetworkpolicy: 'ClusterNetworkPolicy',
  cnp: 'ClusterNetworkPolicy',
};

/** The change of each option that makes one. */
const CHANGE_OPTIONS: Readonly<
  Record<string, (value: string, args: Arguments, namespace: string) => unknown | Promise<unknown>>
> = {
  scale: (value) => ({ scale: readScale(value) }),
  change: (value) => readJsonOption('--change', value),
  drain: (name) => ({ node: { name, action: 'DRAIN' } }),
  fail: (name) => ({ node: { name, action: 'FAIL' } }),
  'fail-zone': (name) => ({ zone: { name, action: 'FAIL' } }),
  local: (_, args) => ({ service: { ...serviceOfTo(args, 'local'), externalTrafficPolicy: 'Local' } }),
  type: (value, args) => ({
    service: { ...serviceOfTo(args, 'type'), type: oneOf('--type', value, ['ClusterIP', 'NodePort', 'LoadBalancer']) },
  }),
  delete: (value, _, namespace) => ({ delete: deleted(value, namespace) }),
};

/** How the manifests of `--filename` are applied. Throws UsageError for options that kubectl does not take together. */
function applyOptions(args: Arguments): Fields {
  const namespace = args.one('namespace');
  const serverSide = args.has('server-side');
  if (args.has('force-conflicts') && !serverSide) {
    throw new UsageError('--force-conflicts takes fields from other managers: give --server-side too.');
  }
  const selector = args.one('selector');
  if (args.has('prune') !== (selector !== undefined)) {
    throw new UsageError('--prune deletes what --selector (-l) picks: give both.');
  }
  const allowlist = args.all('prune-allowlist');
  if (allowlist.length > 0 && selector === undefined) throw new UsageError('--prune-allowlist is for --prune.');
  return {
    ...(namespace === undefined ? {} : { namespace }),
    // The namespace of kubectl's context is a default: manifests may name others.
    ...(args.has('context-namespace') ? { enforceNamespace: false } : {}),
    ...(serverSide ? { serverSide } : {}),
    ...(args.has('force-conflicts') ? { force: true } : {}),
    ...(selector === undefined ? {} : { prune: { selector, ...(allowlist.length > 0 ? { allowlist } : {}) } }),
  };
}

/** Options that say how manifests are applied: without manifests they say nothing. */
const WITH_MANIFESTS = ['server-side', 'force-conflicts', 'prune', 'selector', 'prune-allowlist'];

/**
 * The changes that the options make, in the order of the command line. `manifests`: what `--filename` names, applied
 * together where the first of them is. Throws UsageError; QuestionError MALFORMED for JSON that cannot be read.
 */
export async function changes(args: Arguments, manifests: readonly ManifestFile[]): Promise<unknown[]> {
  const alone = args.has('filename') ? undefined : WITH_MANIFESTS.find((name) => args.has(name));
  if (alone !== undefined) throw new UsageError(`--${alone} says how manifests are applied: give --filename (-f) too.`);
  const made: unknown[] = [];
  let applied = false;
  const namespace = args.one('namespace') ?? 'default';
  for (const { name, value } of args.ordered('filename', ...Object.keys(CHANGE_OPTIONS))) {
    const change = CHANGE_OPTIONS[name];
    if (change !== undefined) made.push(await change(value, args, namespace));
    else if (!applied) {
      // All files are one `kubectl apply`, which is made where the first of them is.
      applied = true;
      made.push({ apply: { ...applyOptions(args), manifests } });
    }
  }
  return made;
}
