/**
 * A snapshot in which names say nothing: each is replaced by another, everywhere by the same one, and what answers are
 * not made from is left out. The new names sort as the old ones did, since Kubernetes decides ties by names. Objects of
 * Kubernetes' own namespaces, labels and annotations of known domains, and addresses stay as they are: answers are made
 * from them.
 */

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

const KEPT_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
/** Domains of keys that Kubernetes, its providers and network plugins define. */
const KNOWN_DOMAIN =
  /(^|\.)(kubernetes\.io|k8s\.io|k8s\.aws|gke\.io|google\.com|amazonaws\.com|azure\.com|cilium\.io|projectcalico\.org|istio\.io|linkerd\.io|metallb\.io|metallb\.universe\.tf|cattle\.io|openshift\.io|antrea\.io|kube-vip\.io)$/;

/** Fields that no answer is made from, or that may hold what is nobody else's business. */
const LEFT_OUT = new Set([
  'managedFields',
  'env',
  'envFrom',
  'args',
  'command',
  'image',
  'imageID',
  'images',
  'containerID',
  'volumes',
  'volumeMounts',
  'volumesInUse',
  'volumesAttached',
  'lifecycle',
  'livenessProbe',
  'startupProbe',
  'imagePullSecrets',
  // Of Ingresses: hosts, and the Secrets of their certificates.
  'host',
  'hosts',
  'tls',
  'serviceAccount',
  'serviceAccountName',
  'message',
  'selfLink',
  'uid',
  'resourceVersion',
  'systemUUID',
  'machineID',
  'bootID',
]);

function isFields(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isKnownKey(key: string): boolean {
  const slash = key.indexOf('/');
  return slash > 0 && KNOWN_DOMAIN.test(key.slice(0, slash));
}

/** The objects of lists, however deep. */
function* objectsOf(value: Json): Generator<Fields> {
  if (!isFields(value)) return;
  if (Array.isArray(value.items) && typeof value.kind === 'string' && value.kind.endsWith('List')) {
    for (const item of value.items) yield* objectsOf(item);
  } else yield value;
}

function metadataOf(object: Fields): Fields {
  return isFields(object.metadata) ? object.metadata : {};
}

/** Whether an object belongs to Kubernetes itself, by whose name it is recognised. */
function isSystem(object: Fields): boolean {
  const { namespace, name } = metadataOf(object);
  return namespace === 'kube-system' || (object.kind === 'Service' && namespace === 'default' && name === 'kubernetes');
}

/** Fields whose value is a name. */
const NAMES = new Set([
  'name',
  'generateName',
  'namespace',
  'nodeName',
  'hostname',
  'subdomain',
  'containerName',
  'serviceName',
]);
/** Fields whose keys and values are labels. */
const LABELS = new Set(['labels', 'matchLabels', 'selector', 'nodeSelector']);

/** Every name, label and label's value in a value, but those of known domains. */
function collect(value: Json, field: string, names: Set<string>): void {
  if (typeof value === 'string') {
    if (NAMES.has(field)) names.add(value);
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) collect(item, field, names);
    return;
  }
  if (!isFields(value)) return;
  if (LABELS.has(field) && Object.values(value).every((one) => typeof one === 'string')) {
    for (const [key, label] of Object.entries(value)) {
      if (isKnownKey(key)) continue;
      names.add(key);
      names.add(label as string);
    }
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'annotations' || LEFT_OUT.has(key)) continue;
    if (key === 'matchExpressions' && Array.isArray(inner)) {
      for (const one of inner.filter(isFields)) {
        if (typeof one.key === 'string' && !isKnownKey(one.key)) names.add(one.key);
        if (Array.isArray(one.values) && typeof one.key === 'string' && !isKnownKey(one.key)) {
          for (const label of one.values) if (typeof label === 'string') names.add(label);
        }
      }
    }
    collect(inner, key, names);
  }
}

/** New names that sort as the old ones do, as long as they need to be. */
function renamed(names: ReadonlySet<string>, kept: ReadonlySet<string>): ReadonlyMap<string, string> {
  const sorted = [...names].filter((name) => name !== '' && !kept.has(name)).sort();
  const width = String(sorted.length).length;
  return new Map(sorted.map((name, index) => [name, `x${String(index + 1).padStart(width, '0')}`]));
}

function replaced(value: Json, field: string, map: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    if (field === 'providerID') return value.replace(/^([a-z]+:\/\/).*$/, '$1');
    return map.get(value) ?? value;
  }
  if (Array.isArray(value)) return value.map((item) => replaced(item, field, map));
  if (!isFields(value)) return value;
  const entries: [string, Json][] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (LEFT_OUT.has(key)) continue;
    if (field === 'annotations') {
      if (isKnownKey(key) && !key.includes('last-applied')) entries.push([key, inner]);
      continue;
    }
    entries.push([LABELS.has(field) ? (map.get(key) ?? key) : key, replaced(inner, key, map)]);
  }
  return Object.fromEntries(entries);
}

/**
 * The objects of a snapshot, renamed. Takes the parsed documents of its files; gives one list. Objects of Kubernetes'
 * own namespaces keep their names, and lose what may be secret all the same.
 */
export function redact(documents: readonly Json[]): Json {
  const objects = documents.flatMap((document) => [...objectsOf(document)]).filter(({ kind }) => kind !== 'Secret');
  const names = new Set<string>();
  const kept = new Set(KEPT_NAMESPACES);
  for (const object of objects) collect(object, '', isSystem(object) ? kept : names);
  const map = renamed(names, kept);
  const items = objects.map((object) => {
    if (object.kind === 'ConfigMap') {
      const { 'kubeconfig.conf': _, ...data } = isFields(object.data) ? object.data : {};
      return { ...(replaced({ ...object, data: {} }, '', map) as Fields), data };
    }
    return replaced(object, '', map);
  });
  return { kind: 'List', apiVersion: 'v1', items };
}
