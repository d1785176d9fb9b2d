/** Defaults of pods and templates. Source: Kubernetes 1.36 pkg/apis/core/v1/defaults.go. */
import { isRecord } from '../../base/record.js';
import { type Fields, fieldsIn, isGiven, numberIn, textIn } from '../read-fields.js';

/** A copy with the fields that are absent or empty filled in. */
export function filled(fields: Fields, defaults: Fields): Fields {
  const missing = Object.entries(defaults).filter(([key]) => !isGiven(fields[key]) || fields[key] === '');
  return missing.length === 0 ? fields : { ...fields, ...Object.fromEntries(missing) };
}

function withField(fields: Fields, key: string, change: (value: Fields) => Fields): Fields {
  return isRecord(fields[key]) ? { ...fields, [key]: change(fields[key]) } : fields;
}

export function withItems(fields: Fields, key: string, change: (item: Fields) => Fields): Fields {
  const list = fields[key];
  if (!Array.isArray(list)) return fields;
  return { ...fields, [key]: list.map((item) => (isRecord(item) ? change(item) : item)) };
}

/**
 * The name of an image: a host with a port, a path in lower case, a tag, a digest. Others have no tag that could be
 * read.
 */
const REFERENCE =
  /^(?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

/** Always for the tag `latest` or none, IfNotPresent for others and for digests. */
function pullPolicyOf(image: string): string {
  if (!REFERENCE.test(image)) return 'IfNotPresent';
  const [name = '', digest] = image.split('@');
  const tag = /:([\w][\w.-]*)$/.exec(name.slice(name.lastIndexOf('/') + 1))?.[1];
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

const withHttp = (action: Fields) => filled(action, { path: '/', scheme: 'HTTP' });

function probe(value: Fields): Fields {
  const zero = (key: string, fallback: number) => (numberIn(value[key]) === 0 ? { [key]: fallback } : {});
  const numbers = {
    ...zero('timeoutSeconds', 1),
    ...zero('periodSeconds', 10),
    ...zero('successThreshold', 1),
    ...zero('failureThreshold', 3),
  };
  const grpc = withField(value, 'grpc', (action) => ({ ...action, service: action.service ?? '' }));
  return withField({ ...grpc, ...numbers }, 'httpGet', withHttp);
}

const hook = (value: Fields) => withField(value, 'httpGet', withHttp);
const fieldReference = (value: Fields) => filled(value, { apiVersion: 'v1' });

function container(value: Fields): Fields {
  let own: Fields = { ...value, resources: isGiven(value.resources) ? value.resources : {} };
  own = withItems(own, 'ports', (port) => filled(port, { protocol: 'TCP' }));
  own = withItems(own, 'env', (variable) =>
    withField(variable, 'valueFrom', (from) =>
      withField(withField(from, 'fieldRef', fieldReference), 'resourceFieldRef', divided),
    ),
  );
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) own = withField(own, key, probe);
  own = withField(own, 'lifecycle', (one) => withField(withField(one, 'postStart', hook), 'preStop', hook));
  return filled(own, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicyOf(textIn(value.image)),
  });
}

const divided = (reference: Fields) => filled(reference, { divisor: '0' });

const SOURCE_MODES = ['secret', 'configMap', 'downwardAPI', 'projected'];

function downwardFile(item: Fields): Fields {
  return withField(withField(item, 'fieldRef', fieldReference), 'resourceFieldRef', divided);
}

function projection(source: Fields): Fields {
  const token = withField(source, 'serviceAccountToken', (one) => filled(one, { expirationSeconds: 3600 }));
  return withField(token, 'downwardAPI', (one) => withItems(one, 'items', downwardFile));
}

function volume(value: Fields): Fields {
  const sources = Object.keys(value).filter((key) => key !== 'name' && isGiven(value[key]));
  let own: Fields = sources.length === 0 ? { ...value, emptyDir: {} } : value;
  for (const key of SOURCE_MODES) own = withField(own, key, (source) => filled(source, { defaultMode: 0o644 }));
  own = withField(own, 'downwardAPI', (source) => withItems(source, 'items', downwardFile));
  own = withField(own, 'projected', (source) => withItems(source, 'sources', projection));
  own = withField(own, 'hostPath', (source) => (isGiven(source.type) ? source : { ...source, type: '' }));
  own = withField(own, 'image', (source) => filled(source, { pullPolicy: pullPolicyOf(textIn(source.reference)) }));
  own = withField(own, 'iscsi', (source) => filled(source, { iscsiInterface: 'default' }));
  own = withField(own, 'rbd', (source) => filled(source, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }));
  own = withField(own, 'azureDisk', (source) =>
    filled(source, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  );
  own = withField(own, 'scaleIO', (source) => filled(source, { storageMode: 'ThinProvisioned', fsType: 'xfs' }));
  return withField(own, 'ephemeral', (source) =>
    withField(source, 'volumeClaimTemplate', (claim) =>
      withField(claim, 'spec', (spec) => filled(spec, { volumeMode: 'Filesystem' })),
    ),
  );
}

/** The spec of a pod or template. */
export function podSpecDefaults(spec: Fields): Fields {
  let own = spec;
  for (const key of ['containers', 'initContainers', 'ephemeralContainers']) own = withItems(own, key, container);
  own = withItems(own, 'volumes', volume);
  own = filled(own, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const account = textIn(own.serviceAccountName) || textIn(own.serviceAccount);
  return account === '' ? own : { ...own, serviceAccountName: account, serviceAccount: account };
}

/** Requests that a pod's containers do not name are their limits. */
function requested(one: Fields): Fields {
  return withField(one, 'resources', (resources) => {
    const limits = fieldsIn(resources.limits);
    const requests = { ...limits, ...fieldsIn(resources.requests) };
    return Object.keys(limits).length === 0 ? resources : { ...resources, requests };
  });
}

/** The spec of a pod that is by itself. */
export function podDefaults(spec: Fields): Fields {
  let own: Fields = podSpecDefaults(spec);
  for (const key of ['containers', 'initContainers']) {
    own = withItems(own, key, requested);
    if (own.hostNetwork === true) {
      own = withItems(own, key, (one) =>
        withItems(one, 'ports', (port) =>
          numberIn(port.hostPort) === 0 ? { ...port, hostPort: port.containerPort } : port,
        ),
      );
    }
  }
  return isGiven(own.enableServiceLinks) ? own : { ...own, enableServiceLinks: true };
}
