/**
 * What is wrong with a network policy that is taken as stored: of a snapshot, or after a patch. What the API server
 * fills in may be missing, and networks are read as loosely as the API server has long taken them.
 */
import { addressOf, networkOf } from '../../base/address.js';
import { typeFault } from '../decode.js';
import { type ApiFault, Faults, Place } from '../faults.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn } from '../read-fields.js';
import { KIND_TYPES } from '../schema-table.js';
import { checkLabelSelector } from './labels.js';
import { checkNetworkPolicy } from './network-policy.js';

const LAST_PRIORITY = 1000;
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  AdminNetworkPolicy: ['Allow', 'Deny', 'Pass'],
  BaselineAdminNetworkPolicy: ['Allow', 'Deny'],
  ClusterNetworkPolicy: ['Accept', 'Deny', 'Pass'],
};

/** Whether the object is a NetworkPolicy of Kubernetes itself. */
const isNetworkPolicy = (kind: string, apiVersion: string) =>
  kind === 'NetworkPolicy' && /^(?:networking\.k8s\.io|extensions)\//.test(apiVersion);

const isAdminPolicy = (kind: string, apiVersion: string) =>
  ACTIONS[kind] !== undefined && apiVersion.startsWith('policy.networking.k8s.io/');

function checkSelectorOf(value: unknown, at: Place, faults: Faults): void {
  const { namespaceSelector, podSelector, namespaces, matchLabels, matchExpressions } = fieldsIn(value);
  if (isGiven(matchLabels) || isGiven(matchExpressions)) checkLabelSelector(value, at, faults);
  if (isGiven(namespaceSelector)) checkLabelSelector(namespaceSelector, at.child('namespaceSelector'), faults);
  if (isGiven(podSelector)) checkLabelSelector(podSelector, at.child('podSelector'), faults);
  if (isGiven(namespaces)) checkSelectorOf(namespaces, at.child('namespaces'), faults);
}

/** Checks that an object has exactly one of some fields, and no other that is known. */
function checkOne(value: Fields, kinds: readonly string[], at: Place, what: string, faults: Faults): void {
  const given = Object.keys(value).filter((name) => isGiven(value[name]));
  const all = kinds.length === 1 ? kinds[0] : `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
  if (given.length === 0) faults.required(at, `${what} has ${all}.`);
  else if (given.length > 1) faults.invalid(at, `${what} has one field alone, not ${given.join(' and ')}.`);
}

/** Checks `{namespaceSelector, podSelector}`; the API's first form has `namespaces` instead of the first of them. */
function checkPods(value: unknown, at: Place, faults: Faults): void {
  const fields = fieldsIn(value);
  if (!isGiven(fields.podSelector)) faults.required(at.child('podSelector'), 'An empty one, {}, selects all pods.');
}

/** A domain name, with an asterisk for whole labels at its start at most. Source: DomainName of v1alpha2. */
const DOMAIN_NAME = /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

interface Rules {
  readonly kind: string;
  /** Whether networks may have no bits after their prefix (v1beta1). */
  readonly strict: boolean;
}

function checkNetworks(peer: Fields, at: Place, faults: Faults, { strict }: Rules): void {
  for (const [index, one] of listIn(peer.networks).entries()) {
    const place = at.child('networks').index(index);
    const cidr = typeof one === 'string' && one.includes('/') ? networkOf(one) : undefined;
    if (cidr === undefined) faults.invalid(place, `${JSON.stringify(one)} is not a CIDR, e.g. 10.9.8.0/24.`);
    else if (strict && addressOf(String(one).replace(/\/.*$/, ''))?.bits !== cidr.bits) {
      faults.invalid(place, `${String(one)} has bits after its prefix; ${cidr.text} would be right.`);
    }
  }
}

function checkPeer(peer: Fields, side: 'from' | 'to', at: Place, faults: Faults, rules: Rules): void {
  const kinds = side === 'from' ? ['namespaces', 'pods'] : ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'];
  checkOne(peer, kinds, at, 'A peer', faults);
  for (const kind of ['nodes', 'networks', 'domainNames']) {
    if (side === 'from' && isGiven(peer[kind])) faults.invalid(at.child(kind), `Only egress rules have ${kind}.`);
  }
  for (const kind of ['namespaces', 'pods'] as const)
    if (isGiven(peer[kind])) checkSelectorOf(peer[kind], at.child(kind), faults);
  if (isGiven(peer.pods)) checkPods(peer.pods, at.child('pods'), faults);
  if (side === 'from') return;
  if (isGiven(peer.nodes)) checkLabelSelector(peer.nodes, at.child('nodes'), faults);
  checkNetworks(peer, at, faults, rules);
  for (const [index, one] of listIn(peer.domainNames).entries()) {
    if (typeof one === 'string' && DOMAIN_NAME.test(one)) continue;
    const detail = `${JSON.stringify(one)} is not a domain name, e.g. kubernetes.io or *.kubernetes.io.`;
    faults.invalid(at.child('domainNames').index(index), detail);
  }
}

const isPort = (value: unknown) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;

/** Checks a range of ports; `isLonger`: with two ports at least, as ClusterNetworkPolicy wants it. */
function checkRange(value: unknown, at: Place, faults: Faults, isLonger = false): void {
  const { start, end } = fieldsIn(value);
  const least = isPort(start) && isLonger ? (start as number) + 1 : start;
  if (!isPort(start)) faults.invalid(at.child('start'), 'A range of ports starts with a number from 1 to 65535.');
  else if (!isPort(end) || (end as number) < (least as number)) {
    const from = isLonger ? `above its start, ${String(start)},` : `from its start, ${String(start)},`;
    faults.invalid(at.child('end'), `A range of ports ends with a number ${from} to 65535.`);
  }
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];

function checkPort(port: Fields, at: Place, faults: Faults): void {
  const { portNumber, portRange } = port;
  checkOne(port, ['portNumber', 'portRange', 'namedPort'], at, 'A port', faults);
  for (const kind of ['portNumber', 'portRange']) {
    const { protocol } = fieldsIn(port[kind]);
    if (isGiven(protocol)) faults.oneOf(at.at(kind, 'protocol'), protocol, PROTOCOLS);
  }
  if (isGiven(portNumber) && !isPort(fieldsIn(portNumber).port)) {
    faults.invalid(at.at('portNumber', 'port'), 'A port is a number from 1 to 65535.');
  }
  if (isGiven(portRange)) checkRange(portRange, at.child('portRange'), faults);
}

function checkProtocol(value: Fields, at: Place, faults: Faults): void {
  checkOne(value, ['tcp', 'udp', 'sctp', 'destinationNamedPort'], at, 'A protocol', faults);
  for (const protocol of ['tcp', 'udp', 'sctp']) {
    const { destinationPort } = fieldsIn(value[protocol]);
    if (!isGiven(destinationPort)) continue;
    const place = at.at(protocol, 'destinationPort');
    const { number, range } = fieldsIn(destinationPort);
    checkOne(fieldsIn(destinationPort), ['number', 'range'], place, 'A port', faults);
    if (isGiven(range)) checkRange(range, place.child('range'), faults, true);
    else if (isGiven(number) && !isPort(number))
      faults.invalid(place.child('number'), 'A port is a number from 1 to 65535.');
  }
}

function checkAdminPolicy(rules: Rules, value: Fields, faults: Faults): void {
  const { kind } = rules;
  const at = Place.root.child('spec');
  if (kind === 'BaselineAdminNetworkPolicy' && fieldsIn(value.metadata).name !== 'default') {
    faults.invalid(Place.root.at('metadata', 'name'), 'A cluster has one BaselineAdminNetworkPolicy, "default".');
  }
  const spec = fieldsIn(value.spec);
  const { priority, tier, subject } = spec;
  if (kind === 'ClusterNetworkPolicy') faults.oneOf(at.child('tier'), tier, ['Admin', 'Baseline']);
  const isRight = Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= LAST_PRIORITY;
  if (kind !== 'BaselineAdminNetworkPolicy' && !isRight) {
    faults.invalid(at.child('priority'), `The priority is a whole number from 0 to ${LAST_PRIORITY}.`);
  }
  const { namespaces, pods } = fieldsIn(subject);
  checkOne(fieldsIn(subject), ['namespaces', 'pods'], at.child('subject'), 'The subject', faults);
  if (isGiven(pods)) checkPods(pods, at.at('subject', 'pods'), faults);
  for (const [name, one] of [
    ['namespaces', namespaces],
    ['pods', pods],
  ] as const) {
    if (isGiven(one)) checkSelectorOf(one, at.at('subject', name), faults);
  }
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    if (isGiven(spec[direction]) && !Array.isArray(spec[direction]))
      faults.invalid(at.child(direction), 'The rules are a list.');
    for (const [index, rule] of itemsIn(spec[direction]).entries()) {
      const place = at.child(direction).index(index);
      faults.oneOf(place.child('action'), rule.action, ACTIONS[kind] ?? []);
      if (listIn(rule[side]).length === 0) faults.required(place.child(side), 'A rule has one peer at least.');
      for (const [number, peer] of itemsIn(rule[side]).entries())
        checkPeer(peer, side, place.child(side).index(number), faults, rules);
      for (const [number, port] of itemsIn(rule.ports).entries())
        checkPort(port, place.child('ports').index(number), faults);
      for (const [number, one] of itemsIn(rule.protocols).entries()) {
        checkProtocol(one, place.child('protocols').index(number), faults);
      }
    }
  }
}

/**
 * What the API server would refuse of a policy: places in it, and what would be right. Empty for objects of other
 * kinds.
 */
export function storedPolicyFaults(kind: string, apiVersion: string, value: Fields): readonly ApiFault[] {
  if (isAdminPolicy(kind, apiVersion)) {
    const faults = new Faults();
    checkAdminPolicy({ kind, strict: apiVersion.endsWith('/v1beta1') }, value, faults);
    return faults.list;
  }
  if (!isNetworkPolicy(kind, apiVersion)) return [];
  const type = KIND_TYPES['networking.k8s.io/v1/NetworkPolicy'];
  const wrong = type === undefined ? undefined : typeFault({ spec: value.spec }, type);
  if (wrong !== undefined) return [wrong];
  const faults = new Faults();
  checkNetworkPolicy(undefined, value, faults, { strict: false });
  return faults.list.filter(({ pointer }) => pointer.startsWith('/spec'));
}
