/** Services. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateServiceCreate`, `ValidateServiceUpdate`. */
import { addressFamily } from '../../base/address.js';
import { type Faults, Place } from '../faults.js';
import {
  dnsLabel,
  dnsLabel1035,
  dnsSubdomain,
  portNumber,
  portNumberOrName,
  qualifiedName,
  shown,
} from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { type AddressRules, checkEndpointAddress, wrongAddress, wrongCidr } from './address-rules.js';
import { PROTOCOLS } from './containers.js';
import { checkLabels } from './labels.js';
import { checkMetadata, checkMetadataUpdate } from './metadata.js';

/** What a version of the API server knows of Services. */
export interface ServiceVersion extends AddressRules {
  /** `Kubernetes 1.30`. */
  readonly name: string;
  /** The values of trafficDistribution; undefined: it does not know the field. */
  readonly trafficDistributions: readonly string[];
  /** Whether external IPs alone make a Service reachable from outside (since 1.29). */
  readonly externalIPsCount: boolean;
  /** Whether a name may begin with a digit (RelaxedServiceNameValidation). */
  readonly relaxedName: boolean;
  /** Whether a load balancer may expose kubelet's port, 10250 (since 1.33, #129174). */
  readonly kubeletPortAllowed: boolean;
  /** Whether internalTrafficPolicy is filled in (since 1.22). */
  readonly internalPolicy: boolean;
}

const METADATA = Place.root.child('metadata');
const SPEC = Place.root.child('spec');
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const FAMILIES = ['IPv4', 'IPv6'];
const KUBELET_PORT = 10250;
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const RANGES = SPEC.child('loadBalancerSourceRanges', 'LoadBalancerSourceRanges');
const RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const HINTS_ANNOTATION = 'service.kubernetes.io/topology-aware-hints';
const MODE_ANNOTATION = 'service.kubernetes.io/topology-mode';

const isHeadless = (spec: Fields) => listIn(spec.clusterIPs)[0] === 'None' || spec.clusterIP === 'None';

function isOutside(spec: Fields, { externalIPsCount }: ServiceVersion): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true;
  return externalIPsCount && spec.type === 'ClusterIP' && listIn(spec.externalIPs).length > 0;
}

const needsHealthCheck = (spec: Fields) => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

function checkPort(port: Fields, isNamed: boolean, names: Set<string>, at: Place, faults: Faults): void {
  const name = textIn(port.name);
  if (name === '') {
    if (isNamed) faults.required(at.child('name'), 'The port has no name; of several ports each needs one.');
  } else {
    faults.each(at.child('name'), dnsLabel(name));
    if (names.has(name)) {
      faults.add(at.child('name'), 'FieldValueDuplicate', `Two ports are named ${name}; each needs a name of its own.`);
    }
    names.add(name);
  }
  faults.each(at.child('port'), portNumber(port.port ?? 0));
  if (textIn(port.protocol) === '') faults.required(at.child('protocol'));
  else faults.oneOf(at.child('protocol'), port.protocol, PROTOCOLS);
  faults.each(at.child('targetPort'), portNumberOrName(port.targetPort));
  if (isGiven(port.appProtocol)) faults.each(at.child('appProtocol'), qualifiedName(textIn(port.appProtocol)));
}

function checkByType(spec: Fields, faults: Faults): void {
  const ports = itemsIn(spec.ports);
  const { type } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') {
    faults.required(SPEC.child('ports'), 'The Service would have no port; only a headless one may have none.');
  }
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    faults.invalid(
      new Place('/spec/type', 'spec.clusterIPs[0]'),
      `A headless Service cannot be of type ${type}, which needs a cluster IP.`,
    );
  }
  if (type !== 'ExternalName') return;
  const none = (field: string) =>
    faults.forbidden(SPEC.child(field), `A Service of type ExternalName has no ${field}.`);
  if (listIn(spec.clusterIPs).length > 0) none('clusterIPs');
  if (listIn(spec.ipFamilies).length > 0) none('ipFamilies');
  if (isGiven(spec.ipFamilyPolicy)) none('ipFamilyPolicy');
  const name = textIn(spec.externalName).replace(/\.$/, '');
  if (name === '') faults.required(SPEC.child('externalName'), 'A Service of type ExternalName needs a name.');
  else faults.each(SPEC.child('externalName'), dnsSubdomain(name));
}

function checkAffinity(spec: Fields, faults: Faults): void {
  const affinity = textIn(spec.sessionAffinity);
  const at = SPEC.child('sessionAffinityConfig');
  if (affinity === '') faults.required(SPEC.child('sessionAffinity'));
  else faults.oneOf(SPEC.child('sessionAffinity'), affinity, ['ClientIP', 'None']);
  if (affinity === 'None' && isGiven(spec.sessionAffinityConfig)) {
    faults.forbidden(at, 'sessionAffinityConfig is for sessionAffinity ClientIP.');
  }
  if (affinity !== 'ClientIP') return;
  const seconds = fieldsIn(fieldsIn(spec.sessionAffinityConfig).clientIP).timeoutSeconds;
  const place = at.at('clientIP', 'timeoutSeconds');
  if (!isGiven(seconds)) faults.required(place);
  else if (numberIn(seconds) <= 0 || numberIn(seconds) > 86400) {
    faults.invalid(place, `The timeout is ${numberIn(seconds)} seconds; it must be 1 to 86400.`);
  }
}

/** Cluster IPs and families by themselves (`ValidateServiceClusterIPsRelatedFields`). */
export function checkClusterIPs(spec: Fields, before: Fields | undefined, faults: Faults, rules: AddressRules): void {
  if (spec.type === 'ExternalName') return;
  const at = SPEC.child('clusterIPs');
  const addresses = listIn(spec.clusterIPs).map(textIn);
  const first = textIn(spec.clusterIP);
  if (first !== '') {
    if (addresses.length === 0) faults.required(at);
    else if (addresses[0] !== first) faults.invalid(at, `The first value must be clusterIP, ${first}.`);
  } else if (addresses.length > 0) faults.invalid(at, 'clusterIPs must be empty where clusterIP is not given.');
  const families = listIn(spec.ipFamilies);
  for (const [index, family] of families.entries()) {
    const place = SPEC.child('ipFamilies').index(index);
    faults.oneOf(place, family, FAMILIES);
    if (families.indexOf(family) < index) faults.duplicate(place, family);
  }
  if (isGiven(spec.ipFamilyPolicy)) faults.oneOf(SPEC.child('ipFamilyPolicy'), spec.ipFamilyPolicy, POLICIES);
  const known = listIn(fieldsIn(before).clusterIPs);
  let isWrong = false;
  for (const [index, text] of addresses.entries()) {
    if (index === 0 && text === 'None') {
      if (addresses.length > 1) {
        isWrong = true;
        faults.invalid(at, '"None" must be the first and only value.');
      }
      continue;
    }
    const wrong = wrongAddress(text, rules, known);
    isWrong ||= wrong.length > 0;
    faults.each(at.index(index), wrong);
  }
  if (addresses.length > 2) faults.invalid(at, 'There may be two cluster IPs.');
  if (isWrong) return;
  const kinds = addresses.map(addressFamily);
  if (addresses.length > 1 && (new Set(kinds).size < 2 || addresses.length > 2)) {
    faults.invalid(at, 'There may be one cluster IP of each family.');
  }
  if (isHeadless(spec)) return;
  for (const [index, family] of families.entries()) {
    if (index >= addresses.length || kinds[index] === family || !FAMILIES.includes(textIn(family))) continue;
    faults.invalid(
      at.index(index),
      `${shown(addresses[index])} must be an ${textIn(family)} address, as ipFamilies says.`,
    );
  }
}

function checkExternalIPs(spec: Fields, before: Fields | undefined, faults: Faults, rules: AddressRules): void {
  const known = listIn(fieldsIn(before).externalIPs);
  for (const [index, value] of listIn(spec.externalIPs).entries()) {
    const place = SPEC.child('externalIPs').index(index);
    const wrong = wrongAddress(textIn(value), rules, known);
    if (wrong.length > 0) faults.each(place, wrong);
    else checkEndpointAddress(textIn(value), place, faults);
  }
}

function checkUnique(spec: Fields, faults: Faults): void {
  const ports = itemsIn(spec.ports);
  const at = SPEC.child('ports');
  if (spec.type === 'ClusterIP') {
    for (const [index, { nodePort }] of ports.entries()) {
      if (numberIn(nodePort) === 0) continue;
      const detail = 'A Service of type ClusterIP has no node ports; leave nodePort out or make the type NodePort.';
      faults.forbidden(at.index(index).child('nodePort'), detail);
    }
  }
  const seen = new Set<string>();
  for (const [index, { nodePort, protocol }] of ports.entries()) {
    if (numberIn(nodePort) === 0) continue;
    const key = `${numberIn(nodePort)}/${textIn(protocol)}`;
    if (seen.has(key)) faults.duplicate(at.index(index).child('nodePort'), key);
    seen.add(key);
  }
  const numbers = new Set<string>();
  for (const [index, { port, protocol }] of ports.entries()) {
    const key = `${numberIn(port)}/${textIn(protocol)}`;
    if (numbers.has(key)) faults.duplicate(at.index(index), key);
    numbers.add(key);
  }
}

function checkRanges(after: Fields, before: Fields | undefined, faults: Faults, rules: AddressRules): void {
  const spec = fieldsIn(after.spec);
  const ranges = listIn(spec.loadBalancerSourceRanges).map(textIn);
  const detail = `loadBalancerSourceRanges are for type LoadBalancer, this Service is of type ${textIn(spec.type)}.`;
  if (ranges.length > 0) {
    if (spec.type !== 'LoadBalancer') faults.forbidden(RANGES, `${detail} Make them [].`);
    const known = listIn(fieldsIn(before?.spec).loadBalancerSourceRanges).map((one) => textIn(one).trim());
    for (const [index, text] of ranges.entries()) {
      faults.each(RANGES.index(index), wrongCidr(text.trim(), rules, known));
    }
    return;
  }
  const annotation = fieldsIn(fieldsIn(after.metadata).annotations)[RANGES_ANNOTATION];
  if (typeof annotation !== 'string') return;
  const place = METADATA.child('annotations').key(RANGES_ANNOTATION);
  if (spec.type !== 'LoadBalancer') faults.forbidden(place, detail);
  if (annotation.trim() === '' || fieldsIn(fieldsIn(before?.metadata).annotations)[RANGES_ANNOTATION] === annotation)
    return;
  for (const text of annotation.split(',')) faults.each(place, wrongCidr(text.trim(), rules));
}

function checkClass(spec: Fields, faults: Faults): void {
  const place = SPEC.child('loadBalancerClass');
  if (!isGiven(spec.loadBalancerClass)) return;
  if (spec.type === 'LoadBalancer') faults.each(place, qualifiedName(textIn(spec.loadBalancerClass)));
  else faults.forbidden(place, 'loadBalancerClass is for type LoadBalancer.');
}

function checkPolicies(spec: Fields, faults: Faults, version: ServiceVersion): void {
  const external = textIn(spec.externalTrafficPolicy);
  const at = SPEC.child('externalTrafficPolicy');
  if (!isOutside(spec, version)) {
    const why = version.externalIPsCount
      ? 'without external IPs'
      : '(before Kubernetes 1.29 external IPs do not count)';
    const detail =
      'externalTrafficPolicy is for Services that are seen from outside, this one is of type ' +
      `${textIn(spec.type)} ${why}; make it NodePort or LoadBalancer, or leave the policy out.`;
    if (external !== '') faults.invalid(at, detail);
  } else if (external === '') faults.required(at);
  else faults.oneOf(at, external, ['Cluster', 'Local']);
  const health = SPEC.child('healthCheckNodePort');
  if (!needsHealthCheck(spec)) {
    const detail = 'healthCheckNodePort is for type LoadBalancer with externalTrafficPolicy Local; leave it out.';
    if (numberIn(spec.healthCheckNodePort) !== 0) faults.invalid(health, detail);
  } else if (numberIn(spec.healthCheckNodePort) === 0) faults.required(health);
  else faults.each(health, portNumber(spec.healthCheckNodePort));
  const internal = SPEC.child('internalTrafficPolicy');
  if (isGiven(spec.internalTrafficPolicy)) faults.oneOf(internal, spec.internalTrafficPolicy, ['Cluster', 'Local']);
  else if (spec.type !== 'ExternalName' && version.internalPolicy && TYPES.includes(textIn(spec.type))) {
    faults.required(internal);
  }
  if (isGiven(spec.trafficDistribution)) {
    const known = version.trafficDistributions;
    if (known.length === 0) {
      faults.add(
        SPEC.child('trafficDistribution'),
        'FieldValueNotSupported',
        `${version.name} knows no trafficDistribution.`,
      );
    } else faults.oneOf(SPEC.child('trafficDistribution'), spec.trafficDistribution, known);
  }
}

function checkService(after: Fields, before: Fields | undefined, faults: Faults, version: ServiceVersion): void {
  const spec = fieldsIn(after.spec);
  const former = before === undefined ? undefined : fieldsIn(before.spec);
  const annotations = fieldsIn(fieldsIn(after.metadata).annotations);
  const [mode, hints] = [annotations[MODE_ANNOTATION], annotations[HINTS_ANNOTATION]];
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    faults.invalid(METADATA.child('annotations').key(MODE_ANNOTATION), `It must be the same as ${HINTS_ANNOTATION}.`);
  }
  checkByType(spec, faults);
  const ports = itemsIn(spec.ports);
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    checkPort(port, ports.length > 1, names, SPEC.child('ports').index(index), faults);
  }
  if (!version.kubeletPortAllowed && spec.type === 'LoadBalancer') {
    for (const [index, { port }] of ports.entries()) {
      if (port !== KUBELET_PORT) continue;
      const place = SPEC.child('ports').index(index);
      const detail = `A load balancer may not expose port ${KUBELET_PORT}, which is kubelet's (up to Kubernetes 1.32).`;
      faults.invalid(new Place(`${place.pointer}/port`, place.field), detail);
    }
  }
  checkLabels(spec.selector, SPEC.child('selector'), faults);
  checkAffinity(spec, faults);
  checkClusterIPs(spec, former, faults, version);
  checkExternalIPs(spec, former, faults, version);
  if (textIn(spec.type) === '') faults.required(SPEC.child('type'));
  else faults.oneOf(SPEC.child('type'), spec.type, TYPES);
  checkUnique(spec, faults);
  checkRanges(after, before, faults, version);
  if (isGiven(spec.allocateLoadBalancerNodePorts) && spec.type !== 'LoadBalancer') {
    faults.forbidden(
      SPEC.child('allocateLoadBalancerNodePorts'),
      'allocateLoadBalancerNodePorts is for type LoadBalancer.',
    );
  }
  checkClass(spec, faults);
  checkPolicies(spec, faults, version);
}

/** How cluster IPs or families changed: the first stays, the second comes and goes (`validateUpgradeDowngrade…`). */
function checkList(field: 'clusterIPs' | 'ipFamilies', spec: Fields, former: Fields, faults: Faults): void {
  const [was, is] = [listIn(former[field]), listIn(spec[field])];
  const at = SPEC.child(field);
  const isSingular = field === 'clusterIPs' && spec.clusterIP !== former.clusterIP;
  const fixed = (index: number) => {
    const place = at.index(index);
    const pointer = isSingular && index === 0 ? '/spec/clusterIP' : place.pointer;
    faults.invalid(new Place(pointer, place.field), `It is ${shown(was[index])} and cannot be changed.`);
  };
  if (was.length === is.length) {
    for (const [index, value] of was.entries()) if (is[index] !== value) fixed(field === 'clusterIPs' ? index : 0);
    return;
  }
  if (was.length > is.length && (field === 'clusterIPs' ? is : listIn(spec.clusterIPs)).length === 0) {
    faults.invalid(at.index(0), `The first one, ${shown(was[0])}, cannot be taken away.`);
  }
  if (was.length > 0 && is.length > 0 && was[0] !== is[0]) fixed(0);
  if (was.length > is.length && is.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    faults.invalid(SPEC.child('ipFamilyPolicy'), 'ipFamilyPolicy must be SingleStack where the second one goes.');
  }
}

function checkChange(after: Fields, before: Fields, faults: Faults): void {
  const [spec, former] = [fieldsIn(after.spec), fieldsIn(before.spec)];
  if (spec.type !== 'ExternalName' && former.type !== 'ExternalName') {
    const [is, was] = [isHeadless(spec), isHeadless(former)];
    if (!is || !was) checkList('clusterIPs', spec, former, faults);
    if (!is && !was) checkList('ipFamilies', spec, former, faults);
  }
  const place = SPEC.child('loadBalancerClass');
  const [now, then] = [spec.loadBalancerClass ?? undefined, former.loadBalancerClass ?? undefined];
  if (former.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && now !== then) {
    faults.invalid(place, `loadBalancerClass is ${shown(then)} and cannot be changed.`);
  }
  checkClass(spec, faults);
  if (
    needsHealthCheck(former) &&
    needsHealthCheck(spec) &&
    numberIn(spec.healthCheckNodePort) !== numberIn(former.healthCheckNodePort)
  ) {
    const detail = `The health check node port is ${shown(former.healthCheckNodePort)} and cannot be changed.`;
    faults.forbidden(SPEC.child('healthCheckNodePort'), detail);
  }
}

/** A Service with its defaults and addresses, new (`before` undefined) or changed. */
export function checkServiceObject(
  before: Fields | undefined,
  after: Fields,
  faults: Faults,
  version: ServiceVersion,
): void {
  if (before === undefined) checkMetadata(after, true, version.relaxedName ? dnsLabel : dnsLabel1035, faults);
  else {
    checkMetadataUpdate(after, before, faults);
    checkChange(after, before, faults);
  }
  checkService(after, before, faults, version);
}
