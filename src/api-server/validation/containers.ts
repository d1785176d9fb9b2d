/**
 * Containers of pods. Source: Kubernetes 1.36 pkg/apis/core/validation, `validateContainers`, `validateInitContainers`.
 */
import type { Faults, Place } from '../faults.js';
import { configMapKey, dnsLabel, dnsSubdomain, envName, portName, portNumber, shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { checkResources } from './check-resources.js';
import { checkLifecycle, checkProbes } from './probes.js';
import { checkContainerSecurity } from './security.js';
import { checkFieldReference, checkRelativePath, checkResourceReference } from './volumes.js';

/** What of the pod its containers are checked against. */
export interface PodParts {
  readonly volumes: ReadonlyMap<string, Fields>;
  readonly claims: readonly unknown[];
  /** terminationGracePeriodSeconds. */
  readonly grace: unknown;
  readonly hostUsers: boolean;
}

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

function checkPorts(ports: unknown, at: Place, faults: Faults): void {
  const names = new Set<string>();
  for (const [index, port] of itemsIn(ports).entries()) {
    const place = at.index(index);
    const name = textIn(port.name);
    if (name !== '') {
      const wrong = portName(name);
      if (wrong.length > 0) faults.each(place.child('name'), wrong);
      else if (names.has(name)) faults.duplicate(place.child('name'), name);
      else names.add(name);
    }
    if (numberIn(port.containerPort) === 0) faults.required(place.child('containerPort'));
    else faults.each(place.child('containerPort'), portNumber(port.containerPort));
    if (numberIn(port.hostPort) !== 0) faults.each(place.child('hostPort'), portNumber(port.hostPort));
    if (textIn(port.protocol) === '') faults.required(place.child('protocol'));
    else faults.oneOf(place.child('protocol'), port.protocol, PROTOCOLS);
  }
}

function checkKeyReference(reference: Fields, at: Place, faults: Faults): void {
  if (textIn(reference.name) === '') faults.required(at.child('name'));
  else faults.each(at.child('name'), dnsSubdomain(textIn(reference.name)));
  if (textIn(reference.key) === '') faults.required(at.child('key'));
  else faults.each(at.child('key'), configMapKey(textIn(reference.key)));
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

function checkValueFrom(variable: Fields, at: Place, faults: Faults): void {
  if (!isGiven(variable.valueFrom)) return;
  const from = fieldsIn(variable.valueFrom);
  if (isGiven(from.fieldRef)) checkFieldReference(fieldsIn(from.fieldRef), ENV_FIELDS, at.child('fieldRef'), faults);
  if (isGiven(from.resourceFieldRef)) {
    checkResourceReference(fieldsIn(from.resourceFieldRef), at.child('resourceFieldRef'), faults, false);
  }
  for (const field of ['configMapKeyRef', 'secretKeyRef']) {
    if (isGiven(from[field])) checkKeyReference(fieldsIn(from[field]), at.child(field), faults);
  }
  const sources = SOURCES.filter((field) => isGiven(from[field])).length;
  if (sources === 0) faults.invalid(at, `One of ${SOURCES.join(', ')} is needed.`);
  else if (textIn(variable.value) !== '') {
    faults.invalid(at, 'A variable has a value or valueFrom, not both.');
  } else if (sources > 1) faults.invalid(at, 'A variable may have one source.');
}

function checkEnv(variables: unknown, at: Place, faults: Faults): void {
  for (const [index, variable] of itemsIn(variables).entries()) {
    const place = at.index(index);
    if (textIn(variable.name) === '') faults.required(place.child('name'));
    else faults.each(place.child('name'), envName(textIn(variable.name)));
    checkValueFrom(variable, place.child('valueFrom'), faults);
  }
}

function checkEnvFrom(sources: unknown, at: Place, faults: Faults): void {
  for (const [index, source] of itemsIn(sources).entries()) {
    const place = at.index(index);
    if (textIn(source.prefix) !== '') faults.each(place.child('prefix'), envName(textIn(source.prefix)));
    const given = ['configMapRef', 'secretRef'].filter((field) => isGiven(source[field]));
    for (const field of given) {
      const name = textIn(fieldsIn(source[field]).name);
      if (name === '') faults.required(place.child(field).child('name'));
      else faults.each(place.child(field).child('name'), dnsSubdomain(name));
    }
    if (given.length === 0) faults.invalid(at, 'One of configMapRef and secretRef is needed.');
    else if (given.length > 1) faults.invalid(at, 'There may be one of configMapRef and secretRef.');
  }
}

function checkMounts(container: Fields, at: Place, faults: Faults, { volumes }: PodParts): void {
  const devices = itemsIn(container.volumeDevices);
  const paths = new Set<string>();
  const list = at.child('volumeMounts');
  const privileged = fieldsIn(container.securityContext).privileged === true;
  for (const [index, mount] of itemsIn(container.volumeMounts).entries()) {
    const place = list.index(index);
    const [name, path, sub, expression] = ['name', 'mountPath', 'subPath', 'subPathExpr'].map((key) =>
      textIn(mount[key]),
    );
    if (!name) faults.required(place.child('name'));
    if (!volumes.has(name ?? '')) faults.notFound(place.child('name'), `There is no volume ${shown(name)}.`);
    if (!path) faults.required(place.child('mountPath'));
    if (paths.has(path ?? '')) faults.invalid(place.child('mountPath'), `${shown(path)} is there twice.`);
    paths.add(path ?? '');
    if (devices.some((device) => device.name === name)) {
      faults.invalid(place.child('name'), `${shown(name)} is in volumeDevices too.`);
    }
    if (devices.some((device) => device.devicePath === path)) {
      faults.invalid(place.child('mountPath'), `${shown(path)} is in volumeDevices too.`);
    }
    if (sub) checkRelativePath(sub, list.child('subPath'), faults);
    if (expression) {
      if (sub) faults.invalid(place.child('subPathExpr'), 'A mount has subPath or subPathExpr, not both.');
      checkRelativePath(expression, list.child('subPathExpr'), faults);
    }
    if (isGiven(mount.mountPropagation)) {
      const propagation = list.child('mountPropagation');
      faults.oneOf(propagation, mount.mountPropagation, ['Bidirectional', 'HostToContainer', 'None']);
      if (mount.mountPropagation === 'Bidirectional' && !privileged) {
        faults.forbidden(propagation, 'Bidirectional mounts are for privileged containers.');
      }
    }
  }
}

function checkDevices(container: Fields, at: Place, faults: Faults, { volumes }: PodParts): void {
  const mounts = itemsIn(container.volumeMounts);
  const [names, paths] = [new Set<string>(), new Set<string>()];
  for (const [index, device] of itemsIn(container.volumeDevices).entries()) {
    const place = at.index(index);
    const [name, path] = [textIn(device.name), textIn(device.devicePath)];
    const volume = volumes.get(name);
    if (name === '') faults.required(place.child('name'));
    if (names.has(name)) faults.invalid(place.child('name'), `${shown(name)} is there twice.`);
    if (volume === undefined) faults.notFound(place.child('name'), `There is no volume ${shown(name)}.`);
    else if (!isGiven(volume.persistentVolumeClaim) && !isGiven(volume.ephemeral)) {
      faults.invalid(place.child('name'), 'A block device comes of a claim or an ephemeral volume.');
    }
    if (path === '') faults.required(place.child('devicePath'));
    if (paths.has(path)) faults.invalid(place.child('devicePath'), `${shown(path)} is there twice.`);
    if (path.split('/').includes('..')) faults.invalid(place.child('devicePath'), 'devicePath must not contain "..".');
    else paths.add(path);
    if (mounts.some((mount) => mount.name === name)) faults.invalid(place.child('name'), 'It is in volumeMounts too.');
    if (mounts.some((mount) => mount.mountPath === path)) {
      faults.invalid(place.child('devicePath'), 'It is in volumeMounts too.');
    }
    if (name !== '') names.add(name);
  }
}

function checkResizePolicy(policies: unknown, at: Place, faults: Faults): void {
  const seen = new Set<unknown>();
  for (const { resourceName, restartPolicy } of itemsIn(policies)) {
    if (seen.has(resourceName)) faults.duplicate(at, resourceName);
    seen.add(resourceName);
    faults.oneOf(at, resourceName, ['cpu', 'memory']);
    faults.oneOf(at, restartPolicy, ['NotRequired', 'RestartContainer']);
  }
}

function checkCommon(container: Fields, at: Place, faults: Faults, parts: PodParts): void {
  if (textIn(container.name) === '') faults.required(at.child('name'));
  else faults.each(at.child('name'), dnsLabel(textIn(container.name)));
  if (textIn(container.image) === '') faults.required(at.child('image'));
  const policy = ['File', 'FallbackToLogsOnError'];
  faults.oneOf(at.child('terminationMessagePolicy'), container.terminationMessagePolicy, policy);
  checkPorts(container.ports, at.child('ports'), faults);
  checkEnv(container.env, at.child('env'), faults);
  checkEnvFrom(container.envFrom, at.child('envFrom'), faults);
  checkMounts(container, at, faults, parts);
  checkDevices(container, at.child('volumeDevices'), faults, parts);
  faults.oneOf(at.child('imagePullPolicy'), container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  checkResources(container.resources, at.child('resources'), faults, parts.claims);
  checkResizePolicy(container.resizePolicy, at.child('resizePolicy'), faults);
  checkContainerSecurity(container.securityContext, at.child('securityContext'), faults, parts.hostUsers);
}

/** Ports of the host that two containers claim. */
function checkHostPorts(containers: readonly Fields[], at: Place, faults: Faults, first = 0): void {
  const seen = new Set<string>();
  for (const [index, { ports }] of containers.entries()) {
    for (const [number, port] of itemsIn(ports).entries()) {
      if (numberIn(port.hostPort) === 0) continue;
      const key = `${textIn(port.protocol)}/${textIn(port.hostIP)}/${numberIn(port.hostPort)}`;
      const place = at
        .index(first + index)
        .child('ports')
        .index(number)
        .child('hostPort');
      if (seen.has(key)) faults.duplicate(place, key);
      else seen.add(key);
    }
  }
}

function checkRestart(container: Fields, at: Place, faults: Faults): void {
  const { restartPolicy, restartPolicyRules } = container;
  if (!isGiven(restartPolicy)) {
    if (listIn(restartPolicyRules).length > 0) faults.required(at.child('restartPolicy'));
    return;
  }
  faults.oneOf(at.child('restartPolicy'), restartPolicy, ['Always', 'Never', 'OnFailure']);
}

export function checkContainers(containers: unknown, at: Place, faults: Faults, parts: PodParts): void {
  const all = itemsIn(containers);
  if (all.length === 0) {
    faults.required(at, 'At least one container is needed.');
    return;
  }
  const names = new Set<unknown>();
  for (const [index, container] of all.entries()) {
    const place = at.index(index);
    checkCommon(container, place, faults, parts);
    if (names.has(container.name)) faults.duplicate(place.child('name'), container.name);
    names.add(container.name);
    if (isGiven(container.lifecycle)) {
      checkLifecycle(container.lifecycle, place.child('lifecycle'), faults, parts.grace);
    }
    checkProbes(container, place, faults, parts.grace);
    checkRestart(container, place, faults);
  }
  checkHostPorts(all, at, faults);
}

/** `regular`: the containers that are no init containers, whose names are taken. */
export function checkInitContainers(
  containers: unknown,
  regular: unknown,
  at: Place,
  faults: Faults,
  parts: PodParts,
): void {
  const names = new Set(itemsIn(regular).map(({ name }) => name));
  for (const [index, container] of itemsIn(containers).entries()) {
    const place = at.index(index);
    checkCommon(container, place, faults, parts);
    checkRestart(container, place, faults);
    if (names.has(container.name)) faults.duplicate(place.child('name'), container.name);
    else if (textIn(container.name) !== '') names.add(container.name);
    checkHostPorts([container], at, faults);
    if (container.restartPolicy === 'Always') {
      if (isGiven(container.lifecycle)) {
        checkLifecycle(container.lifecycle, place.child('lifecycle'), faults, parts.grace);
      }
      checkProbes(container, place, faults, parts.grace);
      continue;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (!isGiven(container[field])) continue;
      faults.forbidden(place.child(field), `${field} is for init containers with restartPolicy Always.`);
    }
  }
}
