/**
 * Requests and limits of containers. Source: Kubernetes 1.36 pkg/apis/core/validation, `validateResourceRequirements`.
 */
import { scalarText } from '../../base/scalar-text.js';
import type { Faults, Place } from '../faults.js';
import { qualifiedName, shown } from '../formats.js';
import { nanosOf } from '../quantity.js';
import { fieldsIn, isGiven, itemsIn } from '../read-fields.js';

const STANDARD = ['cpu', 'memory', 'ephemeral-storage'];

/** Whether a resource may be asked for beyond its limit: those of Kubernetes itself, but for huge pages. */
function mayOvercommit(name: string): boolean {
  return (!name.includes('/') || name.startsWith('kubernetes.io/')) && !isHugePages(name);
}

const isHugePages = (name: string) => name.startsWith('hugepages-');

function checkName(name: string, at: Place, faults: Faults): void {
  faults.each(at, qualifiedName(name));
  if (!name.includes('/') && !STANDARD.includes(name) && !isHugePages(name)) {
    faults.invalid(
      at,
      `${shown(name)} is not a resource of Kubernetes; others have a domain and a "/" before the name.`,
    );
  }
}

function checkAmount(name: string, value: unknown, at: Place, faults: Faults): void {
  const nanos = nanosOf(scalarText(value));
  if (nanos !== undefined && nanos < 0n) faults.invalid(at, `${shown(value)} must be at least 0.`);
  if (nanos !== undefined && name.includes('/') && nanos % 1_000_000_000n !== 0n) {
    faults.invalid(at, `${shown(value)} must be a whole number.`);
  }
}

export function checkResources(resources: unknown, at: Place, faults: Faults, claimNames: readonly unknown[]): void {
  const { limits, requests, claims } = fieldsIn(resources);
  const most = fieldsIn(limits);
  const names = [...Object.keys(most), ...Object.keys(fieldsIn(requests))];
  for (const [name, value] of Object.entries(most)) {
    const place = at.child('limits').key(name);
    checkName(name, place, faults);
    checkAmount(name, value, place, faults);
  }
  for (const [name, value] of Object.entries(fieldsIn(requests))) {
    const place = at.child('requests').key(name);
    checkName(name, place, faults);
    checkAmount(name, value, place, faults);
    const [asked, limit] = [nanosOf(scalarText(value)), nanosOf(scalarText(most[name]))];
    if (isGiven(most[name])) {
      if (asked === undefined || limit === undefined) continue;
      if (asked !== limit && !mayOvercommit(name)) {
        faults.invalid(
          at.child('requests'),
          `${name} ${shown(value)} must be the same as its limit ${shown(most[name])}.`,
        );
      } else if (asked > limit) {
        faults.invalid(at.child('requests'), `${name} ${shown(value)} must be at most its limit ${shown(most[name])}.`);
      }
    } else if (!mayOvercommit(name)) faults.required(at.child('limits'), `${name} needs a limit.`);
  }
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    faults.forbidden(at, 'Huge pages need cpu or memory beside them.');
  }
  const seen = new Set<string>();
  for (const [index, { name, request }] of itemsIn(claims).entries()) {
    const place = at.child('claims').index(index);
    if (typeof name !== 'string' || name === '') faults.required(place);
    else if (!claimNames.includes(name)) faults.notFound(place, `There is no resource claim ${shown(name)}.`);
    const key = `${scalarText(name)}/${scalarText(request)}`;
    if (seen.has(key)) faults.duplicate(place, name);
    seen.add(key);
  }
}
