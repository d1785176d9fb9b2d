/** What a check reports of doors and findings, in the words and the order of all its forms. */

import { parseFraction } from '../base/fraction.js';
import type { CheckedDoor, CheckResult, Finding, Probability } from '../contract/answers.js';
import { chanceText, fieldsOfLoad, type LoadFields, shortNumber } from '../questions/load/fields.js';
import { serviceText } from './names-in-reports.js';
import { percent } from './share-text.js';

const CLIENTS: Readonly<Record<CheckedDoor['clients'], string>> = {
  PODS: 'a pod on each node',
  HOSTS: 'each host',
  OUTSIDE: 'outside',
};

/** `outside → NODE_PORT`. */
export function doorTitle({ clients, via }: Pick<CheckedDoor, 'clients' | 'via'>): string {
  return `${CLIENTS[clients]} → ${via}`;
}

/** `default/web:http (80/TCP)`, with the family where that is IPv6. */
export function portTitle({ service, family }: CheckedDoor): string {
  return `${serviceText(service)}${family === 'IPv6' ? ' IPv6' : ''}`;
}

function short(share: Probability): string {
  return share.fraction === '0' || share.fraction === '1' ? share.fraction : percent(share);
}

function change(before: string | undefined, after: string | undefined): string {
  return before === after ? (before ?? '') : `${before ?? '–'} → ${after ?? '–'}`;
}

/** `DELIVERED 1 → 66.67 %, DROPPED 0 → 33.33 %`; of a door that one side lacks, what the other has. */
export function verdictText({ verdicts, change: kind }: CheckedDoor): string {
  return verdicts
    .map(({ verdict, cause, before, after }) => {
      const name = cause === undefined ? verdict : `${verdict} (${cause})`;
      if (kind === 'ADDED') return `${name} ${short(after)}`;
      return kind === 'REMOVED' ? `${name} ${short(before)}` : `${name} ${change(short(before), short(after))}`;
    })
    .join(', ');
}

/** `kept 1 → 0`: whether endpoints see the clients' own addresses. */
export function keptText({ sourceAddressKept: kept }: CheckedDoor): string {
  const word = (fraction: string | undefined) =>
    fraction === undefined
      ? undefined
      : fraction === '1'
        ? 'kept'
        : fraction === '0'
          ? 'lost'
          : percent({ fraction, value: 0 });
  return kept === undefined ? '' : change(word(kept.before), word(kept.after));
}

/** `3 → 4 endpoints, largest share 1/3 → 1/4`. */
export function endpointsText({ endpoints, endpointCounts }: CheckedDoor): string {
  const count = (side: 'before' | 'after') =>
    endpointCounts?.[side] ?? endpoints.filter((one) => one[side].fraction !== '0').length;
  const top = (side: 'before' | 'after') => {
    let best: Probability | undefined;
    for (const { [side]: share } of endpoints) if (best === undefined || share.value > best.value) best = share;
    return best === undefined || best.fraction === '0' ? '–' : parseFraction(best.fraction) ? short(best) : '–';
  };
  if (endpoints.length === 0) return '';
  return `${change(String(count('before')), String(count('after')))}, largest ${change(top('before'), top('after'))}`;
}

/** `hottest 1250 → 1667/s, over capacity 0 % → 100 %`: what a door's traffic makes of its pods. */
export function loadText({ load }: CheckedDoor): string {
  const sides = [fieldsOfLoad(load?.before), fieldsOfLoad(load?.after)] as const;
  const part = (name: string, unit: string, of: (fields: LoadFields) => string | undefined): string[] => {
    const [before, after] = sides.map((fields) => (fields === undefined ? undefined : of(fields)));
    if (before === undefined && after === undefined) return [];
    return [`${name} ${change(before, after)}${unit}`];
  };
  const number = (value: number | undefined) => (value === undefined ? undefined : shortNumber(value));
  return [
    ...part('hottest', '/s', ({ requestsPerSecond }) => number(requestsPerSecond?.most)),
    ...part('most loaded p99', '', ({ most }) => number(most?.p99)),
    ...part('over capacity', '', ({ overCapacity }) =>
      overCapacity === undefined ? undefined : chanceText(overCapacity),
    ),
  ].join(', ');
}

const WORST = ['REMOVED', 'CHANGED', 'UNKNOWN', 'ADDED', 'SAME'] as const;

/** How much less is delivered, as a number to sort by. */
function loss({ verdicts }: CheckedDoor): number {
  const delivered = verdicts.find(({ verdict }) => verdict === 'DELIVERED');
  return delivered === undefined ? 0 : delivered.before.value - delivered.after.value;
}

/** All doors, the worst first: what is gone or delivers less, then what changed, then what is new, then what stays. */
export function sortedDoors({ services }: CheckResult): readonly CheckedDoor[] {
  return services
    .flatMap(({ doors }) => doors)
    .map((door, index) => ({ door, index }))
    .sort(
      (a, b) =>
        loss(b.door) - loss(a.door) || WORST.indexOf(a.door.change) - WORST.indexOf(b.door.change) || a.index - b.index,
    )
    .map(({ door }) => door);
}

/** Whether a finding is about this door. */
export function isAbout({ evidence }: Finding, { service, via, family, destination, clients }: CheckedDoor): boolean {
  if (evidence.service !== `${service.namespace}/${service.name}` || evidence.via !== via) return false;
  if (evidence.family !== family || evidence.portName !== service.portName || evidence.port !== service.port)
    return false;
  if (evidence.destination !== destination.before && evidence.destination !== destination.after) return false;
  const who = String(evidence.clients);
  return who.startsWith(clients === 'PODS' ? 'pods' : clients === 'HOSTS' ? 'processes' : 'outside');
}

const RANK = { INFO: 0, WARNING: 1, ERROR: 2, NEVER: 3 } as const;

/** Whether a finding is one that the check fails for. */
export function isFailure({ severity }: Finding, { failOn }: CheckResult): boolean {
  return RANK[severity] >= RANK[failOn];
}

/** How many Services were looked at, and how many were left alone. */
export function scopeText({ counts, unknown }: CheckResult): string {
  const { touched, asked, skipped, omitted } = counts;
  if (touched === 0 && unknown !== undefined) return 'It is not known which Services the change touches.';
  const services = (number: number) => `${number} Service${number === 1 ? '' : 's'}`;
  const left = touched - asked - omitted;
  return [
    `The change touches ${services(touched)}; ` +
      `${skipped === 1 ? '1 other is not touched and was' : `${skipped} others are not touched and were`} not ` +
      'asked about.',
    ...(left > 0 ? [`${left} of the touched ones ${left === 1 ? 'is' : 'are'} not wanted.`] : []),
    ...(omitted > 0
      ? [`${omitted} of the touched ones ${omitted === 1 ? 'is' : 'are'} left out: more than maxServices.`]
      : []),
  ].join(' ');
}
