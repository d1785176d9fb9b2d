/**
 * An object as the API server stores it, but for what it allocates: defaults, what its strategy sets, the form in which
 * it is printed.
 */
import { withDefaults } from './defaults.js';
import { type Fields, fieldsIn, isGiven, listIn, sameMeaning } from './read-fields.js';
import { KIND_TYPES } from './schema-table.js';
import { storedForm } from './stored-form.js';

/** The type of the objects of a kind in the schema; undefined where it does not have it. */
export function typeOfKind(kind: string, apiVersion: string | undefined): string | undefined {
  if (apiVersion !== undefined) return KIND_TYPES[`${apiVersion}/${kind}`];
  const key = Object.keys(KIND_TYPES).find((one) => one.endsWith(`/${kind}`));
  return key === undefined ? undefined : KIND_TYPES[key];
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/** A DaemonSet notes in an annotation how often its template changed (`spec.templateGeneration` of older versions). */
function daemonSetGeneration(before: Fields | undefined, after: Fields): Fields {
  const former = fieldsIn(fieldsIn(before?.metadata).annotations)[TEMPLATE_GENERATION];
  const isSame = before !== undefined && sameMeaning(fieldsIn(before.spec).template, fieldsIn(after.spec).template);
  const generation = before === undefined ? 1 : Number(former ?? 1) + (isSame ? 0 : 1);
  const metadata = fieldsIn(after.metadata);
  const annotations = { ...fieldsIn(metadata.annotations), [TEMPLATE_GENERATION]: String(generation) };
  return { ...after, metadata: { ...metadata, annotations } };
}

const NOT_READY = 'node.kubernetes.io/not-ready';

/** A new namespace has Kubernetes' finalizer. */
function newNamespace(object: Fields): Fields {
  const spec = fieldsIn(object.spec);
  const finalizers = listIn(spec.finalizers);
  if (finalizers.includes('kubernetes')) return object;
  return { ...object, spec: { ...spec, finalizers: [...finalizers, 'kubernetes'] } };
}

/** Admission: a new node has the taint that the node controller takes away once it is ready. */
function newNode(object: Fields): Fields {
  const spec = fieldsIn(object.spec);
  const taints = listIn(spec.taints);
  if (taints.some((taint) => fieldsIn(taint).key === NOT_READY)) return object;
  return { ...object, spec: { ...spec, taints: [...taints, { key: NOT_READY, effect: 'NoSchedule' }] } };
}

const TOLERATED = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The API server draws the last five characters. */
export const TOKEN_VOLUME = 'kube-api-access-00000';

const TOKEN_SOURCES = [
  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
];

/** Admission plugins ServiceAccount: the account's token is mounted in every container that mounts nothing there. */
function withToken(spec: Fields): Fields {
  if (spec.automountServiceAccountToken === false) return spec;
  const mount = { name: TOKEN_VOLUME, readOnly: true, mountPath: TOKEN_PATH };
  let isMounted = false;
  const mounted = (list: unknown) =>
    listIn(list).map((container) => {
      const own = fieldsIn(container);
      const mounts = listIn(own.volumeMounts);
      if (mounts.some((one) => fieldsIn(one).mountPath === TOKEN_PATH)) return own;
      isMounted = true;
      return { ...own, volumeMounts: [...mounts, mount] };
    });
  const containers = mounted(spec.containers);
  const initContainers = isGiven(spec.initContainers) ? { initContainers: mounted(spec.initContainers) } : {};
  const volume = { name: TOKEN_VOLUME, projected: { sources: TOKEN_SOURCES, defaultMode: 0o644 } };
  return {
    ...spec,
    containers,
    ...initContainers,
    ...(isMounted ? { volumes: [...listIn(spec.volumes), volume] } : {}),
  };
}

/**
 * Admission plugin DefaultTolerationSeconds: every pod tolerates nodes that are not ready or not reachable for a while.
 */
function withTolerations(spec: Fields): Fields {
  const tolerations = listIn(spec.tolerations);
  const missing = TOLERATED.filter(
    (key) =>
      !tolerations.some((one) => {
        const own = fieldsIn(one);
        const isEffect = own.effect === 'NoExecute' || !isGiven(own.effect) || own.effect === '';
        return isEffect && (own.key === key || !isGiven(own.key) || own.key === '');
      }),
  ).map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));
  return missing.length === 0 ? spec : { ...spec, tolerations: [...tolerations, ...missing] };
}

/** The priorities of the classes that every cluster has. */
const PRIORITIES: Readonly<Record<string, number>> = {
  '': 0,
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const PREEMPTION = 'PreemptLowerPriority';

/** The priority of a pod; of a class that a snapshot does not have nothing is said. */
function prioritized({ priorityClassName, priority, preemptionPolicy }: Fields): Fields {
  const known = PRIORITIES[typeof priorityClassName === 'string' ? priorityClassName : ''];
  return known === undefined ? {} : { priority: priority ?? known, preemptionPolicy: preemptionPolicy || PREEMPTION };
}

/**
 * Why admission (plugin Priority) forbids a new pod: its priority is that of its class alone. Undefined where it does
 * not.
 */
export function forbiddenPod(object: Fields): string | undefined {
  const { priority, preemptionPolicy, priorityClassName } = fieldsIn(object.spec);
  const known = PRIORITIES[typeof priorityClassName === 'string' ? priorityClassName : ''];
  // Other classes are not in a snapshot.
  if (known === undefined) return undefined;
  if (isGiven(priority) && priority !== known)
    return `priority ${String(priority)} must not be given: it is that of the class.`;
  const isOther = isGiven(preemptionPolicy) && preemptionPolicy !== '' && preemptionPolicy !== PREEMPTION;
  return isOther ? 'preemptionPolicy must not be given: it is that of the class.' : undefined;
}

/** Admission of a new pod: ServiceAccount, Priority. */
function newPod(object: Fields): Fields {
  const spec = fieldsIn(object.spec);
  const name = isGiven(spec.serviceAccountName) && spec.serviceAccountName !== '' ? spec.serviceAccountName : 'default';
  const named: Fields = { ...spec, serviceAccountName: name, serviceAccount: name };
  return {
    ...object,
    spec: {
      ...withToken(named),
      ...prioritized(spec),
    },
  };
}

/** `BestEffort`, `Burstable` or `Guaranteed`, by the requests and limits of cpu and memory. */
function qosClass(spec: Fields): string {
  const containers = [...listIn(spec.containers), ...listIn(spec.initContainers)].map(fieldsIn);
  const amounts = containers.map(({ resources }) => {
    const { requests, limits } = fieldsIn(resources);
    return [fieldsIn(requests), fieldsIn(limits)] as const;
  });
  const names = ['cpu', 'memory'];
  if (
    amounts.every(([requests, limits]) => names.every((name) => !isGiven(requests[name]) && !isGiven(limits[name])))
  ) {
    return 'BestEffort';
  }
  const isFixed = amounts.every(([requests, limits]) =>
    names.every((name) => isGiven(limits[name]) && (requests[name] ?? limits[name]) === limits[name]),
  );
  return isFixed ? 'Guaranteed' : 'Burstable';
}

/** The status of a new object. */
function newStatus(kind: string, object: Fields): Fields {
  switch (kind) {
    case 'Pod':
      return { phase: 'Pending', qosClass: qosClass(fieldsIn(object.spec)) };
    case 'Namespace':
      return { phase: 'Active' };
    default:
      return {};
  }
}

const STATUSES = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Pod', 'Node', 'Namespace', 'Service'];

/**
 * An object as it is stored, new (`before` undefined) or changed, `object` being what was applied or patched. A status
 * is not taken from clients: a new object has an empty one, others keep theirs.
 */
export function asStored(kind: string, type: string, before: Fields | undefined, object: Fields): Fields {
  const { status: _status, ...rest } = object;
  let own: Fields = withDefaults(kind, rest);
  const former = before === undefined ? undefined : withDefaults(kind, before);
  if (kind === 'DaemonSet') own = daemonSetGeneration(former, own);
  if (before === undefined && kind === 'Pod') own = newPod(own);
  if (kind === 'Pod') own = { ...own, spec: withTolerations(fieldsIn(own.spec)) };
  if (before === undefined && kind === 'Node') own = newNode(own);
  if (before === undefined && kind === 'Namespace') own = newNamespace(own);
  if (STATUSES.includes(kind)) own = { ...own, status: before?.status ?? newStatus(kind, own) };
  return storedForm(own, type) as Fields;
}

/** An object of a snapshot with its defaults, in the form in which it is printed. */
export function completed(kind: string, type: string, object: Fields): Fields {
  return storedForm(withDefaults(kind, object), type) as Fields;
}
