/** Volumes of pods. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateVolumes`. */
import type { Faults, Place } from '../faults.js';
import { dnsLabel, dnsSubdomain, qualifiedName, shown } from '../formats.js';
import { nanosOf } from '../quantity.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { checkClaimSpec } from './claims.js';

type Check = (source: Fields, at: Place, faults: Faults) => void;

/** Reports a path that leaves its folder. */
function checkPath(path: string, at: Place, faults: Faults): void {
  if (path.split('/').includes('..')) faults.invalid(at, `${shown(path)} must not contain "..".`);
}

/** Reports a path that is absolute or leaves its folder. */
export function checkRelativePath(path: string, at: Place, faults: Faults): void {
  if (path.startsWith('/')) faults.invalid(at, `${shown(path)} must be a relative path.`);
  checkPath(path, at, faults);
}

function checkLocalPath(path: string, at: Place, faults: Faults): void {
  checkRelativePath(path, at, faults);
  if (path.startsWith('..') && !path.startsWith('../') && path !== '..') {
    faults.invalid(at, `${shown(path)} must not begin with "..".`);
  }
}

function checkMode(mode: unknown, at: Place, faults: Faults): void {
  if (isGiven(mode) && (numberIn(mode) < 0 || numberIn(mode) > 0o777)) {
    faults.invalid(at, `${shown(mode)} must be a file mode from 0 to 0777 (octal).`);
  }
}

const needs =
  (...fields: readonly string[]): Check =>
  (source, at, faults) => {
    for (const field of fields) if (textIn(source[field]) === '') faults.required(at.child(field));
  };

const keyed =
  (name: string): Check =>
  (source, at, faults) => {
    if (textIn(source[name]) === '') faults.required(at.child(name));
    checkMode(source.defaultMode, at.child('defaultMode'), faults);
    checkItems(source.items, at.child('items'), faults);
  };

function checkItem(item: Fields, at: Place, faults: Faults): void {
  needs('key', 'path')(item, at, faults);
  checkLocalPath(textIn(item.path), at.child('path'), faults);
  checkMode(item.mode, at.child('mode'), faults);
}

function checkItems(items: unknown, at: Place, faults: Faults): void {
  for (const [index, item] of itemsIn(items).entries()) checkItem(item, at.index(index), faults);
}

const HOST_PATH_TYPES = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
];
const FILE_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const RESOURCES = /^(?:limits|requests)\.(?:cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** A reference to a resource of a container; `volume`: it has to name the container. */
export function checkResourceReference(reference: Fields, at: Place, faults: Faults, volume: boolean): void {
  const resource = textIn(reference.resource);
  if (volume && textIn(reference.containerName) === '') faults.required(at.child('containerName'));
  else if (resource === '') faults.required(at.child('resource'));
  else if (!RESOURCES.test(resource))
    faults.oneOf(at.child('resource'), resource, ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
}

/** A reference to a field of the pod; `known`: those that may be named, beside single labels and annotations. */
export function checkFieldReference(reference: Fields, known: readonly string[], at: Place, faults: Faults): void {
  const path = textIn(reference.fieldPath);
  if (textIn(reference.apiVersion) === '') faults.required(at.child('apiVersion'));
  else if (path === '') faults.required(at.child('fieldPath'));
  else {
    const [, map, key] = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path) ?? [];
    if (map !== undefined) faults.each(at, qualifiedName((key ?? '').toLowerCase()));
    else if (!known.includes(path)) {
      if (/^[a-zA-Z][\w.]*$/.test(path) && isPodField(path)) faults.oneOf(at.child('fieldPath'), path, known);
      else faults.invalid(at.child('fieldPath'), `${shown(path)} is not a field of a pod.`);
    }
  }
}

const POD_FIELDS = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
  'status.nominatedNodeName',
  'spec.hostNetwork',
  ...FILE_FIELDS,
];
const isPodField = (path: string) => POD_FIELDS.includes(path);

function checkDownwardFile(file: Fields, at: Place, faults: Faults): void {
  const path = textIn(file.path);
  if (path === '') faults.required(at.child('path'));
  checkLocalPath(path, at.child('path'), faults);
  if (isGiven(file.fieldRef)) {
    checkFieldReference(fieldsIn(file.fieldRef), FILE_FIELDS, at.child('fieldRef'), faults);
    if (isGiven(file.resourceFieldRef)) faults.invalid(at, 'It may have fieldRef or resourceFieldRef, not both.');
  } else if (isGiven(file.resourceFieldRef)) {
    checkResourceReference(fieldsIn(file.resourceFieldRef), at.child('resourceFieldRef'), faults, true);
  } else faults.required(at, 'fieldRef or resourceFieldRef is required.');
  checkMode(file.mode, at.child('mode'), faults);
}

const PROJECTIONS = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
];

function checkProjected(source: Fields, at: Place, faults: Faults): void {
  checkMode(source.defaultMode, at.child('defaultMode'), faults);
  const paths = new Set<string>();
  const once = (path: string) => {
    if (path !== '' && paths.has(path)) faults.invalid(at, `Two sources write ${shown(path)}.`);
    paths.add(path);
  };
  for (const [index, one] of itemsIn(source.sources).entries()) {
    const place = at.child('sources').index(index);
    for (const field of ['secret', 'configMap'] as const) {
      if (!isGiven(one[field])) continue;
      const { name, items } = fieldsIn(one[field]);
      if (textIn(name) === '') faults.required(place.child(field).child('name'));
      for (const [number, item] of itemsIn(items).entries()) {
        checkItem(item, place.child(field).child('items').index(number), faults);
        once(textIn(item.path));
      }
    }
    for (const file of itemsIn(fieldsIn(one.downwardAPI).items)) {
      checkDownwardFile(file, place.child('downwardAPI'), faults);
      once(textIn(file.path));
    }
    if (isGiven(one.serviceAccountToken)) {
      const { path, expirationSeconds } = fieldsIn(one.serviceAccountToken);
      const seconds = place.child('serviceAccountToken').child('expirationSeconds');
      if (numberIn(expirationSeconds ?? 3600) < 600) faults.invalid(seconds, 'A token lasts at least 10 minutes.');
      if (numberIn(expirationSeconds) > 2 ** 32) faults.invalid(seconds, 'A token lasts at most 2^32 seconds.');
      if (textIn(path) === '') faults.required(at.child('path'));
      else checkLocalPath(textIn(path), at.child('path'), faults);
    }
    if (PROJECTIONS.filter((field) => isGiven(one[field])).length > 1) {
      faults.forbidden(place, 'A source may have one type.');
    }
  }
}

/** The sources in the order in which they are checked: the field, its name in the place, and what is checked. */
const SOURCES: readonly (readonly [string, string, Check])[] = [
  [
    'emptyDir',
    'emptyDir',
    ({ sizeLimit }, at, faults) => {
      const size = nanosOf(String(sizeLimit ?? ''));
      if (size !== undefined && size < 0n) faults.forbidden(at.child('sizeLimit'), 'sizeLimit must not be negative.');
    },
  ],
  [
    'hostPath',
    'hostPath',
    ({ path, type }, at, faults) => {
      if (textIn(path) === '') {
        faults.required(at.child('path'));
        return;
      }
      checkPath(textIn(path), at.child('path'), faults);
      if (isGiven(type)) faults.oneOf(at.child('type'), type, HOST_PATH_TYPES);
    },
  ],
  ['gitRepo', 'gitRepo', needs('repository')],
  ['gcePersistentDisk', 'persistentDisk', needs('pdName')],
  ['awsElasticBlockStore', 'awsElasticBlockStore', needs('volumeID')],
  ['secret', 'secret', keyed('secretName')],
  [
    'nfs',
    'nfs',
    (source, at, faults) => {
      needs('server', 'path')(source, at, faults);
      if (!textIn(source.path).startsWith('/')) faults.invalid(at.child('path'), 'path must be absolute.');
    },
  ],
  ['iscsi', 'iscsi', needs('targetPortal', 'iqn')],
  ['glusterfs', 'glusterfs', needs('endpoints', 'path')],
  ['flocker', 'flocker', () => undefined],
  ['persistentVolumeClaim', 'persistentVolumeClaim', needs('claimName')],
  [
    'rbd',
    'rbd',
    (source, at, faults) => {
      if (listIn(source.monitors).length === 0) faults.required(at.child('monitors'));
      needs('image')(source, at, faults);
    },
  ],
  ['cinder', 'cinder', needs('volumeID')],
  [
    'cephfs',
    'cephfs',
    (source, at, faults) => {
      if (listIn(source.monitors).length === 0) faults.required(at.child('monitors'));
    },
  ],
  ['quobyte', 'quobyte', needs('registry', 'volume')],
  [
    'downwardAPI',
    'downwardAPI',
    ({ defaultMode, items }, at, faults) => {
      checkMode(defaultMode, at.child('defaultMode'), faults);
      for (const file of itemsIn(items)) checkDownwardFile(file, at, faults);
    },
  ],
  ['fc', 'fc', () => undefined],
  ['flexVolume', 'flexVolume', needs('driver')],
  ['configMap', 'configMap', keyed('name')],
  ['azureFile', 'azureFile', needs('secretName', 'shareName')],
  ['vsphereVolume', 'vsphereVolume', needs('volumePath')],
  ['photonPersistentDisk', 'photonPersistentDisk', needs('pdID')],
  ['portworxVolume', 'portworxVolume', needs('volumeID')],
  ['azureDisk', 'azureDisk', needs('diskName', 'diskURI')],
  ['storageos', 'storageos', () => undefined],
  ['projected', 'projected', checkProjected],
  ['scaleIO', 'scaleIO', needs('gateway', 'system', 'volumeName')],
  [
    'csi',
    'csi',
    (source, at, faults) => {
      const driver = textIn(source.driver);
      if (driver === '') faults.required(at.child('driver'));
      else faults.each(at.child('driver'), dnsSubdomain(driver.toLowerCase()));
      if (isGiven(source.nodePublishSecretRef) && textIn(fieldsIn(source.nodePublishSecretRef).name) === '') {
        faults.required(at.at('nodePublishSecretRef', 'name'));
      }
    },
  ],
  [
    'ephemeral',
    'ephemeral',
    ({ volumeClaimTemplate }, at, faults) => {
      if (!isGiven(volumeClaimTemplate)) faults.required(at.child('volumeClaimTemplate'));
      else checkClaimSpec(fieldsIn(volumeClaimTemplate).spec, at.at('volumeClaimTemplate', 'spec'), faults);
    },
  ],
  [
    'image',
    'image',
    ({ pullPolicy }, at, faults) => {
      if (isGiven(pullPolicy)) faults.oneOf(at.child('pullPolicy'), pullPolicy, ['Always', 'IfNotPresent', 'Never']);
    },
  ],
];

/** Where the API server names a field otherwise than it is. */
const MISSPELT: Readonly<Record<string, string>> = { downwardAPI: 'downwarAPI', cephfs: 'cephFS' };

/** The volumes of a pod. Returns those without faults, by name: the ones that containers can mount. */
export function checkVolumes(volumes: unknown, at: Place, faults: Faults): ReadonlyMap<string, Fields> {
  const known = new Map<string, Fields>();
  for (const [index, volume] of itemsIn(volumes).entries()) {
    const place = at.index(index);
    const before = faults.list.length;
    let sources = 0;
    for (const [field, name, check] of SOURCES) {
      if (!isGiven(volume[field])) continue;
      if (sources > 0) faults.forbidden(place.child(field, MISSPELT[field] ?? field), 'A volume may have one type.');
      else check(fieldsIn(volume[field]), place.child(field, name), faults);
      sources++;
    }
    if (sources === 0) faults.required(place, 'A volume needs a type.');
    const name = textIn(volume.name);
    if (name === '') faults.required(place.child('name'));
    else faults.each(place.child('name'), dnsLabel(name));
    if (known.has(name)) faults.duplicate(place.child('name'), name);
    if (faults.list.length === before) known.set(name, volume);
  }
  return known;
}
