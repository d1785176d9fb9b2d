/**
 * Policies of administrators, as their definitions of custom resources have them. Source:
 * kubernetes-sigs/network-policy-api, apis/v1alpha1, v1alpha2 and v1beta1.
 */
import { addressOf, networkOf } from '../../base/address.js';
import { type Faults, Place } from '../faults.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, textIn } from '../read-fields.js';
import { checkLabelSelector } from './labels.js';

const LAST_PRIORITY = 1000;

/** The longest name of a rule. */
const LONGEST_NAME = 100;

/** So many networks, or names of domains, a peer has at most. */
const MOST_NETWORKS = 25;

/** So many items every other list of a policy has at most. */
const MOST_ITEMS: Readonly<Record<string, number>> = {
  AdminNetworkPolicy: 100,
  BaselineAdminNetworkPolicy: 100,
  ClusterNetworkPolicy: 25,
};
/** What the rules of each kind do. */
export const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  AdminNetworkPolicy: ['Allow', 'Deny', 'Pass'],
  BaselineAdminNetworkPolicy: ['Allow', 'Deny'],
  ClusterNetworkPolicy: ['Accept', 'Deny', 'Pass'],
};

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

/** Checks the length of a list that is given. */
function checkLength(value: unknown, at: Place, least: number, most: number, faults: Faults): void {
  if (!isGiven(value)) return;
  const { length } = listIn(value);
  if (length < least) faults.required(at, 'The list has one item at least.');
  else if (length > most) faults.tooMany(at, length, most);
}

/** Checks that a list has every text once. */
function checkOnce(value: unknown, at: Place, faults: Faults): void {
  const seen = new Set<unknown>();
  for (const [index, one] of listIn(value).entries()) {
    if (seen.has(one)) faults.duplicate(at.index(index), one);
    seen.add(one);
  }
}

/** Whether the definition's own check takes a text for no CIDR though it can be read. */
function isOddNetwork(text: string, kind: string): boolean {
  if (text.includes(':') && text.includes('.')) return true;
  return kind === 'ClusterNetworkPolicy' && /(?:^|\.)0\d/.test(text.replace(/\/.*$/, ''));
}

function checkNetworks(peer: Fields, at: Place, faults: Faults, { kind, strict }: Rules): void {
  for (const [index, one] of listIn(peer.networks).entries()) {
    const place = at.child('networks').index(index);
    const cidr = typeof one === 'string' && one.includes('/') ? networkOf(one) : undefined;
    if (cidr !== undefined && isOddNetwork(textIn(one), kind)) {
      faults.invalid(place, `${textIn(one)} is spelled in a way that is refused; ${cidr.text} would be right.`);
    } else if (cidr === undefined) faults.invalid(place, `${JSON.stringify(one)} is not a CIDR, e.g. 10.9.8.0/24.`);
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
  for (const kind of ['networks', 'domainNames']) {
    checkLength(peer[kind], at.child(kind), 1, MOST_NETWORKS, faults);
    checkOnce(peer[kind], at.child(kind), faults);
  }
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

/** Checks a policy of an administrator whose fields have the right types. */
export function checkAdminPolicy(rules: Rules, value: Fields, faults: Faults): void {
  const { kind } = rules;
  const at = Place.root.child('spec');
  if (kind === 'BaselineAdminNetworkPolicy' && fieldsIn(value.metadata).name !== 'default') {
    faults.invalid(Place.root.at('metadata', 'name'), 'A cluster has one BaselineAdminNetworkPolicy, "default".');
  }
  const spec = fieldsIn(value.spec);
  const { priority, tier, subject } = spec;
  const isCluster = kind === 'ClusterNetworkPolicy';
  if (isCluster && !isGiven(tier)) faults.required(at.child('tier'), 'The tier is Admin or Baseline.');
  else if (isCluster) faults.oneOf(at.child('tier'), tier, ['Admin', 'Baseline']);
  else if (isGiven(tier)) faults.add(at.child('tier'), 'UnknownField', `A policy of kind ${kind} has no tier.`);
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
    checkLength(spec[direction], at.child(direction), 0, MOST_ITEMS[kind] ?? 0, faults);
    for (const [index, rule] of itemsIn(spec[direction]).entries()) {
      checkRule(rule, side, at.child(direction).index(index), faults, rules);
    }
  }
}

function checkRule(rule: Fields, side: 'from' | 'to', place: Place, faults: Faults, rules: Rules): void {
  const { kind } = rules;
  const most = MOST_ITEMS[kind] ?? 0;
  const isCluster = kind === 'ClusterNetworkPolicy';
  const known = ACTIONS[kind] ?? [];
  if (isGiven(rule.action)) faults.oneOf(place.child('action'), rule.action, known);
  else faults.required(place.child('action'), `A rule has an action: ${known.join(', ')}.`);
  if (textIn(rule.name).length > LONGEST_NAME) {
    faults.invalid(place.child('name'), `A rule's name has at most ${LONGEST_NAME} characters.`);
  }
  if (listIn(rule[side]).length === 0) faults.required(place.child(side), 'A rule has one peer at least.');
  checkLength(rule[side], place.child(side), 0, most, faults);
  for (const [number, peer] of itemsIn(rule[side]).entries())
    checkPeer(peer, side, place.child(side).index(number), faults, rules);
  const [list, other] = isCluster ? ['protocols', 'ports'] : ['ports', 'protocols'];
  if (isGiven(rule[other])) {
    faults.add(place.child(other), 'UnknownField', `A rule of ${kind} has ${list} instead of ${other}.`);
  }
  checkLength(rule[list], place.child(list), isCluster ? 1 : 0, most, faults);
  const mayName = side === 'from' || !itemsIn(rule.to).some(hasNoNamedPorts);
  for (const [number, one] of itemsIn(rule[list]).entries()) {
    const at = place.child(list).index(number);
    (isCluster ? checkProtocol : checkPort)(one, at, faults);
    const name = isCluster ? 'destinationNamedPort' : 'namedPort';
    if (isGiven(one[name]) && !mayName) {
      faults.invalid(at.child(name), 'Nodes, networks and domain names have no ports with names.');
    }
  }
}

const hasNoNamedPorts = ({ nodes, networks, domainNames }: Fields) => [nodes, networks, domainNames].some(isGiven);
