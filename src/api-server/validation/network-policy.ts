/** NetworkPolicies. Source: Kubernetes 1.36 pkg/apis/networking/validation. */
import { addressOf, cidrContains, parseCidr } from '../../base/address.js';
import { type Faults, Place } from '../faults.js';
import { portName, portNumber } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, numberIn, textIn } from '../read-fields.js';
import { type AddressRules, wrongCidr } from './address-rules.js';
import { checkLabelSelector } from './labels.js';
import { checkMetadata, checkMetadataUpdate, SUBDOMAIN } from './metadata.js';

function checkPort(port: Fields, at: Place, faults: Faults): void {
  if (isGiven(port.protocol)) faults.oneOf(at.child('protocol'), port.protocol, ['TCP', 'UDP', 'SCTP']);
  const { port: first, endPort: last } = port;
  const [from, to] = [at.child('port'), at.child('endPort')];
  if (typeof first === 'number') {
    faults.each(from, portNumber(first));
    if (!isGiven(last)) return;
    if (numberIn(last) < first) faults.invalid(to, `endPort must be at least port, ${first}.`);
    faults.each(to, portNumber(last));
  } else if (isGiven(first)) {
    if (isGiven(last)) faults.invalid(to, 'endPort needs a port that is a number.');
    faults.each(from, portName(textIn(first)));
  } else if (isGiven(last)) faults.invalid(to, 'endPort needs a port.');
}

function checkBlock(block: Fields, at: Place, faults: Faults, rules: AddressRules, known: readonly unknown[]): void {
  const text = textIn(block.cidr);
  if (text === '') {
    faults.required(at.child('cidr'));
    return;
  }
  faults.each(at.child('cidr'), wrongCidr(text, rules, known));
  const cidr = parseCidr(text);
  if (cidr === undefined) return;
  for (const [index, one] of listIn(block.except).entries()) {
    const place = at.child('except').index(index);
    faults.each(place, wrongCidr(textIn(one), rules, known));
    const except = parseCidr(textIn(one));
    if (except === undefined) continue;
    const first = addressOf(except.text.split('/')[0] ?? '');
    if (first !== undefined && cidrContains(cidr, first) && cidr.length < except.length) continue;
    faults.invalid(place, `${textIn(one)} must be part of ${text}, and smaller.`);
  }
}

function checkPeer(peer: Fields, at: Place, faults: Faults, rules: AddressRules, known: readonly unknown[]): void {
  const kinds = ['podSelector', 'namespaceSelector', 'ipBlock'].filter((kind) => isGiven(peer[kind]));
  for (const kind of ['podSelector', 'namespaceSelector']) {
    if (isGiven(peer[kind])) checkLabelSelector(peer[kind], at.child(kind), faults);
  }
  if (isGiven(peer.ipBlock)) checkBlock(fieldsIn(peer.ipBlock), at.child('ipBlock'), faults, rules, known);
  if (kinds.length === 0) faults.required(at, 'A peer has podSelector, namespaceSelector or ipBlock.');
  else if (kinds.length > 1 && isGiven(peer.ipBlock)) {
    faults.forbidden(at, 'A peer with ipBlock has nothing else.');
  }
}

/** The ranges of a policy that was there: they are not checked again. */
function rangesOf(policy: Fields | undefined): readonly unknown[] {
  const spec = fieldsIn(policy?.spec);
  const peers = [
    ...itemsIn(spec.ingress).flatMap(({ from }) => itemsIn(from)),
    ...itemsIn(spec.egress).flatMap(({ to }) => itemsIn(to)),
  ];
  return peers.flatMap(({ ipBlock }) => [fieldsIn(ipBlock).cidr, ...listIn(fieldsIn(ipBlock).except)]);
}

export function checkNetworkPolicy(
  before: Fields | undefined,
  after: Fields,
  faults: Faults,
  rules: AddressRules,
): void {
  if (before === undefined) checkMetadata(after, true, SUBDOMAIN, faults);
  else checkMetadataUpdate(after, before, faults);
  const at = Place.root.child('spec');
  const spec = fieldsIn(after.spec);
  const known = rangesOf(before);
  checkLabelSelector(spec.podSelector, at.child('podSelector'), faults);
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of itemsIn(spec[direction]).entries()) {
      const place = at.child(direction).index(index);
      for (const [number, port] of itemsIn(rule.ports).entries()) {
        checkPort(port, place.child('ports').index(number), faults);
      }
      for (const [number, peer] of itemsIn(rule[side]).entries()) {
        checkPeer(peer, place.child(side).index(number), faults, rules, known);
      }
    }
  }
  const types = listIn(spec.policyTypes);
  if (types.length > 2) faults.invalid(at.child('policyTypes'), 'There are two types of policies: Ingress and Egress.');
  else
    for (const [index, type] of types.entries())
      faults.oneOf(at.child('policyTypes').index(index), type, ['Ingress', 'Egress']);
}
