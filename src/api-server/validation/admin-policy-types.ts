/** Types of the fields of policies of administrators. Their names mean the same wherever they stand. */
import { isRecord } from '../../base/record.js';
import { type ApiFault, Faults, Place } from '../faults.js';
import { shown } from '../formats.js';
import { isGiven } from '../read-fields.js';

/** Lists of objects. */
const OBJECT_LISTS = new Set(['ingress', 'egress', 'from', 'to', 'ports', 'protocols', 'matchExpressions']);

/** Lists of texts. */
const TEXT_LISTS = new Set(['networks', 'domainNames', 'values', 'sameLabels', 'notSameLabels']);

const OBJECTS = new Set([
  ...['subject', 'namespaces', 'pods', 'namespaceSelector', 'podSelector', 'nodes', 'matchLabels'],
  ...['portNumber', 'portRange', 'tcp', 'udp', 'sctp', 'destinationPort', 'range'],
]);

const TEXTS = new Set(['name', 'action', 'tier', 'namedPort', 'destinationNamedPort', 'key', 'operator', 'protocol']);

/** The values of a policy that are not of their type; a value that is null counts as absent. */
export function adminTypeFaults({ spec }: Readonly<Record<string, unknown>>): readonly ApiFault[] {
  const faults = new Faults();
  check(spec, 'an object', Place.root.child('spec'), faults);
  return faults.list;
}

type Type = 'an object' | 'a text' | 'a map of texts';

/** Checks a value, and what is in it. */
function check(value: unknown, type: Type, at: Place, faults: Faults): void {
  if (!isGiven(value)) return;
  if (type === 'a text' ? typeof value !== 'string' : !isRecord(value)) {
    faults.add(at, 'WrongType', `${shown(value)} must be ${type === 'a text' ? type : 'an object'}.`);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, one] of Object.entries(value)) {
    const place = at.child(name);
    if (type === 'a map of texts') check(one, 'a text', place, faults);
    else if (OBJECT_LISTS.has(name)) checkItems(one, 'an object', place, faults);
    else if (TEXT_LISTS.has(name)) checkItems(one, 'a text', place, faults);
    else if (OBJECTS.has(name)) check(one, name === 'matchLabels' ? 'a map of texts' : 'an object', place, faults);
    else if (TEXTS.has(name)) check(one, 'a text', place, faults);
  }
}

function checkItems(value: unknown, type: Type, at: Place, faults: Faults): void {
  if (!isGiven(value)) return;
  if (!Array.isArray(value)) faults.add(at, 'WrongType', `${shown(value)} must be a list.`);
  else for (const [index, one] of value.entries()) check(one, type, at.index(index), faults);
}
