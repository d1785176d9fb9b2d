/** EndpointSlices. Source: Kubernetes 1.36 pkg/apis/discovery/validation. */
import { addressOf } from '../../base/address.js';
import { type Faults, Place } from '../faults.js';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName, shown } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, listIn, sameMeaning, textIn } from '../read-fields.js';
import { type AddressRules, checkEndpointAddress, wrongAddress } from './address-rules.js';
import { PROTOCOLS } from './containers.js';
import { checkLabels } from './labels.js';
import { checkMetadata, SUBDOMAIN } from './metadata.js';

const MOST_ENDPOINTS = 1000;
const MOST_ADDRESSES = 100;
const MOST_PORTS = 20000;
const MOST_TOPOLOGY = 16;
const MOST_HINTS = 8;
const TYPES = ['FQDN', 'IPv4', 'IPv6'];

function checkPorts(ports: unknown, faults: Faults): void {
  const at = Place.root.child('ports');
  const all = itemsIn(ports);
  if (all.length > MOST_PORTS) {
    faults.tooMany(at, all.length, MOST_PORTS);
    return;
  }
  const names = new Set<string>();
  for (const [index, port] of all.entries()) {
    const place = at.index(index);
    const name = textIn(port.name);
    if (name !== '') faults.each(place.child('name'), dnsLabel(name));
    if (names.has(name)) faults.duplicate(place.child('name'), name);
    names.add(name);
    faults.oneOf(place.child('protocol'), port.protocol, PROTOCOLS);
    if (isGiven(port.appProtocol)) faults.each(place.child('appProtocol'), qualifiedName(textIn(port.appProtocol)));
  }
}

function checkAddress(
  text: string,
  type: unknown,
  at: Place,
  index: number,
  faults: Faults,
  rules: AddressRules,
): void {
  const place = at.index(index);
  if (type === 'FQDN') {
    const name = text.replace(/\.$/, '');
    if (name === '') faults.required(place);
    else {
      faults.each(place, dnsSubdomain(name));
      if (name.split('.').length < 2)
        faults.invalid(place, `${shown(text)} needs at least two labels with a dot between.`);
    }
    return;
  }
  if (type !== 'IPv4' && type !== 'IPv6') return;
  const address = addressOf(text);
  const wrong = wrongAddress(text, type === 'IPv6' ? { strict: true } : rules);
  if (wrong.length === 0 && type === 'IPv6' && address !== undefined && address.text !== text) {
    wrong.push(`${shown(text)} must be in canonical form, ${address.text}.`);
  }
  if (wrong.length > 0) {
    faults.each(place, wrong);
    return;
  }
  if (address?.family !== type) faults.invalid(at, `${shown(text)} must be an ${type} address.`);
  checkEndpointAddress(text, place, faults);
}

function checkHints(hints: Fields, at: Place, faults: Faults): void {
  for (const [field, format] of [
    ['forZones', labelValue],
    ['forNodes', dnsSubdomain],
  ] as const) {
    const all = itemsIn(hints[field]);
    if (all.length > MOST_HINTS) {
      faults.tooMany(at.child(field), all.length, MOST_HINTS);
      return;
    }
    const names = new Set<unknown>();
    for (const [index, { name }] of all.entries()) {
      const place = at.child(field).index(index).child('name');
      if (names.has(name)) faults.duplicate(place, name);
      names.add(name);
      faults.each(place, format(textIn(name)));
    }
  }
}

function checkEndpointList(endpoints: unknown, type: unknown, faults: Faults, rules: AddressRules): void {
  const at = Place.root.child('endpoints');
  const all = itemsIn(endpoints);
  if (all.length > MOST_ENDPOINTS) {
    faults.tooMany(at, all.length, MOST_ENDPOINTS);
    return;
  }
  for (const [index, endpoint] of all.entries()) {
    const place = at.index(index);
    const addresses = listIn(endpoint.addresses);
    if (addresses.length === 0) faults.required(place.child('addresses'), 'An endpoint needs an address.');
    else if (addresses.length > MOST_ADDRESSES)
      faults.tooMany(place.child('addresses'), addresses.length, MOST_ADDRESSES);
    for (const [number, text] of addresses.entries()) {
      checkAddress(textIn(text), type, place.child('addresses'), number, faults, rules);
    }
    if (isGiven(endpoint.nodeName)) faults.each(place.child('nodeName'), dnsSubdomain(textIn(endpoint.nodeName)));
    const topology = fieldsIn(endpoint.deprecatedTopology);
    const count = Object.keys(topology).length;
    if (count > MOST_TOPOLOGY) faults.tooMany(place.child('deprecatedTopology'), count, MOST_TOPOLOGY);
    checkLabels(topology, place.child('deprecatedTopology'), faults);
    if (isGiven(endpoint.hostname)) faults.each(place.child('hostname'), dnsLabel(textIn(endpoint.hostname)));
    if (isGiven(endpoint.hints)) checkHints(fieldsIn(endpoint.hints), place.child('hints'), faults);
  }
}

export function checkEndpointSlice(
  before: Fields | undefined,
  after: Fields,
  faults: Faults,
  rules: AddressRules,
): void {
  checkMetadata(after, true, SUBDOMAIN, faults);
  const at = Place.root.child('addressType');
  const type = textIn(after.addressType);
  if (type === '') faults.required(at, 'addressType is required: IPv4, IPv6 or FQDN.');
  else faults.oneOf(at, type, TYPES);
  checkPorts(after.ports, faults);
  if (before === undefined || !sameMeaning(before.endpoints, after.endpoints)) {
    checkEndpointList(after.endpoints, type, faults, rules);
  }
  if (before !== undefined && !sameMeaning(before.addressType, after.addressType)) {
    faults.invalid(at, `addressType cannot be changed; it is ${shown(before.addressType)}.`);
  }
}
