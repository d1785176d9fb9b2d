/**
 * What is wrong with a network policy that is taken as stored: of a snapshot, or after a patch. What the API server
 * fills in may be missing, and networks are read as loosely as the API server has long taken them.
 */
import { networkOf } from '../../base/address.js';
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

function checkPeer(peer: Fields, at: Place, faults: Faults): void {
  for (const kind of ['namespaces', 'pods'] as const)
    if (isGiven(peer[kind])) checkSelectorOf(peer[kind], at.child(kind), faults);
  if (isGiven(peer.nodes)) checkLabelSelector(peer.nodes, at.child('nodes'), faults);
  for (const [index, one] of listIn(peer.networks).entries()) {
    if (typeof one === 'string' && one.includes('/') && networkOf(one) !== undefined) continue;
    faults.invalid(at.child('networks').index(index), `${JSON.stringify(one)} is not a CIDR, e.g. 10.9.8.0/24.`);
  }
}

const isPort = (value: unknown) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;

function checkRange(value: unknown, at: Place, faults: Faults): void {
  const { start, end } = fieldsIn(value);
  if (!isPort(start)) faults.invalid(at.child('start'), 'A range of ports starts with a number from 1 to 65535.');
  else if (!isPort(end) || (end as number) < (start as number)) {
    faults.invalid(at.child('end'), `A range of ports ends with a number from its start, ${String(start)}, to 65535.`);
  }
}

function checkPort(port: Fields, at: Place, faults: Faults): void {
  const { portNumber, portRange } = port;
  if (isGiven(portNumber) && !isPort(fieldsIn(portNumber).port)) {
    faults.invalid(at.at('portNumber', 'port'), 'A port is a number from 1 to 65535.');
  }
  if (isGiven(portRange)) checkRange(portRange, at.child('portRange'), faults);
}

function checkProtocol(value: Fields, at: Place, faults: Faults): void {
  for (const protocol of ['tcp', 'udp', 'sctp']) {
    const { destinationPort } = fieldsIn(value[protocol]);
    if (!isGiven(destinationPort)) continue;
    const place = at.at(protocol, 'destinationPort');
    const { number, range } = fieldsIn(destinationPort);
    if (isGiven(range)) checkRange(range, place.child('range'), faults);
    else if (!isPort(number)) faults.invalid(place.child('number'), 'A port is a number from 1 to 65535.');
  }
}

function checkAdminPolicy(kind: string, value: Fields, faults: Faults): void {
  const at = Place.root.child('spec');
  const spec = fieldsIn(value.spec);
  const { priority, tier, subject } = spec;
  if (kind === 'ClusterNetworkPolicy') faults.oneOf(at.child('tier'), tier, ['Admin', 'Baseline']);
  const isRight = Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= LAST_PRIORITY;
  if (kind !== 'BaselineAdminNetworkPolicy' && !isRight) {
    faults.invalid(at.child('priority'), `The priority is a whole number from 0 to ${LAST_PRIORITY}.`);
  }
  const { namespaces, pods } = fieldsIn(subject);
  if (!isGiven(namespaces) && !isGiven(pods))
    faults.required(at.child('subject'), 'The subject has namespaces or pods.');
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
      for (const [number, peer] of itemsIn(rule[side]).entries())
        checkPeer(peer, place.child(side).index(number), faults);
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
    checkAdminPolicy(kind, value, faults);
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
