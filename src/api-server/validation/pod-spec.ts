/**
 * What a pod is made of, in pods and in templates. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidatePodSpec`.
 */
import type { Faults, Place } from '../faults.js';
import { dnsLabel, dnsSearch, dnsSubdomain, qualifiedName, shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { type AddressRules, wrongAddress } from './address-rules.js';
import { checkContainers, checkInitContainers, type PodParts } from './containers.js';
import { checkLabels } from './labels.js';
import { checkAnnotations } from './metadata.js';
import { checkAffinity, checkSpread, checkTolerations } from './scheduling.js';
import { checkPodSecurity } from './security.js';
import { checkVolumes } from './volumes.js';

function checkHostNetwork(spec: Fields, at: Place, faults: Faults, isPod: boolean): void {
  if (spec.hostNetwork !== true) return;
  for (const [index, { ports }] of itemsIn(spec.containers).entries()) {
    for (const [number, port] of itemsIn(ports).entries()) {
      const [host, own] = [numberIn(port.hostPort), numberIn(port.containerPort)];
      if ((!isPod && host === 0) || host === own) continue;
      const place = at.child('containers').index(index).child('ports').index(number).child('hostPort');
      faults.invalid(place, `hostPort must be containerPort, ${own}, in the network of the host.`);
    }
  }
}

function checkDns(spec: Fields, at: Place, faults: Faults, rules: AddressRules): void {
  const { nameservers, searches, options } = fieldsIn(spec.dnsConfig);
  if (spec.dnsPolicy === 'None') {
    if (!isGiven(spec.dnsConfig)) {
      faults.required(at, 'dnsPolicy None needs a dnsConfig.');
      return;
    }
    if (listIn(nameservers).length === 0) {
      faults.required(at.child('nameservers'), 'dnsPolicy None needs a name server.');
      return;
    }
  }
  if (listIn(nameservers).length > 3) faults.invalid(at.child('nameservers'), 'There may be 3 name servers.');
  for (const [index, server] of listIn(nameservers).entries()) {
    faults.each(at.child('nameservers').index(index), wrongAddress(textIn(server), rules));
  }
  if (listIn(searches).length > 32) faults.invalid(at.child('searches'), 'There may be 32 search domains.');
  if (listIn(searches).join(' ').length > 2048)
    faults.invalid(at.child('searches'), 'Search domains may have 2048 characters.');
  for (const [index, search] of listIn(searches).entries()) {
    if (search === '.') continue;
    faults.each(at.child('searches').index(index), dnsSearch(textIn(search).replace(/\.$/, '')));
  }
  for (const [index, { name }] of itemsIn(options).entries()) {
    if (textIn(name) === '') faults.required(at.child('options').index(index));
  }
}

function checkNamed(spec: Fields, at: Place, faults: Faults): void {
  for (const [field, format] of [
    ['serviceAccountName', dnsSubdomain],
    ['nodeName', dnsSubdomain],
  ] as const) {
    const name = textIn(spec[field]);
    if (name !== '') faults.each(at.child(field), format(name));
  }
  const deadline = spec.activeDeadlineSeconds;
  if (isGiven(deadline) && (numberIn(deadline) < 1 || numberIn(deadline) > 2 ** 31 - 1)) {
    faults.invalid(at.child('activeDeadlineSeconds'), `${shown(deadline)} must be at least 1.`);
  }
  for (const field of ['hostname', 'subdomain']) {
    const name = textIn(spec[field]);
    if (name !== '') faults.each(at.child(field), dnsLabel(name));
  }
}

function checkGates(spec: Fields, at: Place, faults: Faults): void {
  for (const [index, { conditionType }] of itemsIn(spec.readinessGates).entries()) {
    faults.each(at.child('readinessGates').index(index).child('conditionType'), qualifiedName(textIn(conditionType)));
  }
  const seen = new Set<unknown>();
  for (const [index, { name }] of itemsIn(spec.schedulingGates).entries()) {
    const place = at.child('schedulingGates').index(index);
    faults.each(place, qualifiedName(textIn(name)));
    if (seen.has(name)) faults.duplicate(place, name);
    seen.add(name);
  }
}

/** How a pod's spec is checked: of a pod or a template, under which rules. */
export interface PodRules extends AddressRules {
  readonly isPod: boolean;
}

export function checkPodSpec(spec: Fields, at: Place, faults: Faults, rules: PodRules): void {
  if (!isGiven(spec.terminationGracePeriodSeconds)) faults.required(at.child('terminationGracePeriodSeconds'));
  const volumes = checkVolumes(spec.volumes, at.child('volumes'), faults);
  const parts: PodParts = {
    volumes,
    claims: itemsIn(spec.resourceClaims).map(({ name }) => name),
    grace: spec.terminationGracePeriodSeconds,
    hostUsers: spec.hostUsers !== false,
  };
  checkContainers(spec.containers, at.child('containers'), faults, parts);
  checkInitContainers(spec.initContainers, spec.containers, at.child('initContainers'), faults, parts);
  checkHostNetwork(spec, at, faults, rules.isPod);
  faults.oneOf(at.child('restartPolicy'), spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  faults.oneOf(at.child('dnsPolicy'), spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
  checkLabels(spec.nodeSelector, at.child('nodeSelector'), faults);
  checkPodSecurity(spec.securityContext, spec.hostPID, at.child('securityContext'), faults, spec.shareProcessNamespace);
  checkAffinity(spec.affinity, at.child('affinity'), faults);
  checkDns(spec, at.child('dnsConfig'), faults, rules);
  checkGates(spec, at, faults);
  checkSpread(spec.topologySpreadConstraints, at.child('topologySpreadConstraints'), faults);
  checkNamed(spec, at, faults);
  checkTolerations(spec.tolerations, at.child('tolerations'), faults);
  for (const [index, alias] of itemsIn(spec.hostAliases).entries()) {
    const place = at.child('hostAliases').index(index);
    faults.each(place.child('ip'), wrongAddress(textIn(alias.ip), rules));
    for (const [number, name] of listIn(alias.hostnames).entries()) {
      faults.each(place.child('hostnames').index(number), dnsSubdomain(textIn(name)));
    }
  }
  const priority = textIn(spec.priorityClassName);
  if (priority !== '') faults.each(at.child('priorityClassName'), dnsSubdomain(priority));
  if (isGiven(spec.runtimeClassName)) {
    faults.each(at.child('runtimeClassName'), dnsSubdomain(textIn(spec.runtimeClassName)));
  }
  if (isGiven(spec.preemptionPolicy)) {
    faults.oneOf(at.child('preemptionPolicy'), spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  }
  if (isGiven(spec.os)) {
    const name = textIn(fieldsIn(spec.os).name);
    if (name === '') faults.required(at.at('os', 'name'));
    else faults.oneOf(at.child('os'), name, ['linux', 'windows']);
  }
}

/** A pod template. */
export function checkTemplate(template: unknown, at: Place, faults: Faults, rules: AddressRules): void {
  const { metadata, spec } = fieldsIn(template);
  const { labels, annotations } = fieldsIn(metadata);
  checkLabels(labels, at.child('labels'), faults);
  checkAnnotations(annotations, at.child('annotations'), faults);
  checkPodSpec(fieldsIn(spec), at.child('spec'), faults, { ...rules, isPod: false });
  if (listIn(fieldsIn(spec).ephemeralContainers).length > 0) {
    faults.forbidden(at.at('spec', 'ephemeralContainers'), 'A template has no ephemeral containers.');
  }
}
