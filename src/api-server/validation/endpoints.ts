/** Endpoints. Source: Kubernetes 1.36 pkg/apis/core/validation, `ValidateEndpoints`. */
import { type Faults, Place } from '../faults.js';
import { dnsLabel, dnsSubdomain, portNumber, qualifiedName } from '../formats.js';
import { type Fields, fieldsIn, isGiven, itemsIn, sameMeaning, textIn } from '../read-fields.js';
import { type AddressRules, checkEndpointAddress, wrongAddress } from './address-rules.js';
import { PROTOCOLS } from './containers.js';
import { checkMetadata, checkMetadataUpdate, SUBDOMAIN } from './metadata.js';

function checkAddress(address: Fields, at: Place, faults: Faults, rules: AddressRules): void {
  faults.each(at.child('ip'), wrongAddress(textIn(address.ip), rules));
  if (textIn(address.hostname) !== '') faults.each(at.child('hostname'), dnsLabel(textIn(address.hostname)));
  if (isGiven(address.nodeName)) faults.each(at.child('nodeName'), dnsSubdomain(textIn(address.nodeName)));
  checkEndpointAddress(textIn(address.ip), at.child('ip'), faults);
}

function checkPort(port: Fields, isNamed: boolean, at: Place, faults: Faults): void {
  const name = textIn(port.name);
  if (name !== '') faults.each(at.child('name'), dnsLabel(name));
  else if (isNamed) faults.required(at.child('name'), 'Of several ports each needs a name.');
  faults.each(at.child('port'), portNumber(port.port ?? 0));
  if (textIn(port.protocol) === '') faults.required(at.child('protocol'));
  else faults.oneOf(at.child('protocol'), port.protocol, PROTOCOLS);
  if (isGiven(port.appProtocol)) faults.each(at.child('appProtocol'), qualifiedName(textIn(port.appProtocol)));
}

function checkSubsets(subsets: unknown, faults: Faults, rules: AddressRules): void {
  for (const [index, subset] of itemsIn(subsets).entries()) {
    const at = Place.root.child('subsets').index(index);
    const lists = ['addresses', 'notReadyAddresses'] as const;
    if (lists.every((field) => itemsIn(subset[field]).length === 0)) {
      faults.required(at, 'A subset needs addresses or notReadyAddresses.');
    }
    for (const field of lists) {
      for (const [number, address] of itemsIn(subset[field]).entries()) {
        checkAddress(address, at.child(field).index(number), faults, rules);
      }
    }
    const ports = itemsIn(subset.ports);
    for (const [number, port] of ports.entries())
      checkPort(port, ports.length > 1, at.child('ports').index(number), faults);
  }
}

export function checkEndpoints(before: Fields | undefined, after: Fields, faults: Faults, rules: AddressRules): void {
  if (before !== undefined) checkMetadataUpdate(after, before, faults);
  else checkMetadata(after, true, SUBDOMAIN, faults);
  if (before !== undefined && sameMeaning(fieldsIn(before).subsets, after.subsets)) return;
  checkSubsets(after.subsets, faults, rules);
}
