/**
 * The question of a sweep: which workload, how many replicas, which bound, how much is sent; as the address of the view
 * says it.
 */
import type { Body, ListedObjects } from '../api/types.js';
import { findService, scalable, workloadOf } from './objects.js';
import type { Parameters } from './route.js';
import { chosenOf, questionOf } from './service-question.js';

export const BOUNDS = {
  largestShare: 'no endpoint gets more than',
  largestNodeShare: 'no node gets more than',
  largestZoneShare: 'no zone gets more than',
  imbalance: 'the largest over the even share is at most',
  delivered: 'delivered is at least',
} as const;

export type BoundName = keyof typeof BOUNDS;

const LIMIT = /^\d{1,18}(\/0*[1-9]\d{0,17})?$/;

/** `5 %` and `0.05` are written as fractions, since answers are exact. Undefined for what is no number. */
export function readLimit(text: string): string | undefined {
  const wanted = text.trim().replace(/\s*%$/, '%');
  if (LIMIT.test(wanted)) return wanted;
  const [, whole = '', decimals = '', sign] = /^(\d{1,6})(?:\.(\d{1,6}))?(%)?$/.exec(wanted) ?? [];
  if (whole === '') return undefined;
  return `${Number(`${whole}${decimals}`)}/${10 ** decimals.length * (sign === undefined ? 1 : 100)}`;
}

const wholeNumber = (text: string | undefined, fallback: number) => {
  const number = Number(text);
  return text !== undefined && Number.isInteger(number) && number >= 0 && number <= 5000 ? number : fallback;
};

export interface SweepChosen {
  readonly workload: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly boundName: BoundName;
  readonly bound: string;
  /** How much is sent, and what a pod takes of it; empty where that is not said. */
  readonly amount: string;
  readonly unit: TrafficUnit;
  readonly capacity: string;
  readonly question: Body | undefined;
}

export const UNITS = { connections: 'connections', requestsPerSecond: 'requests per second' } as const;

export type TrafficUnit = keyof typeof UNITS;

const unitOf = ({ unit }: Parameters): TrafficUnit => (unit === 'requestsPerSecond' ? unit : 'connections');

const POSITIVE = /^\d{1,9}(\.\d{1,3})?$/;

/** Whether it is a number that traffic may be; an empty field says nothing. */
export const isAmount = (text: string): boolean =>
  text.trim() === '' || (POSITIVE.test(text.trim()) && Number(text) > 0);

/** How much is sent, where the address says it. */
function trafficOf(parameters: Parameters): Body | undefined {
  const { amount = '', capacity = '' } = parameters;
  if (amount === '' || !isAmount(amount)) return undefined;
  const takes = capacity !== '' && isAmount(capacity) ? { capacity: Number(capacity) } : {};
  return { [unitOf(parameters)]: Number(amount), ...takes };
}

/** The workload that the address names, else the first; no more than some hundred points unless asked for. */
export function chosenSweep(objects: ListedObjects, parameters: Parameters): SweepChosen {
  const choices = scalable(objects);
  const workload = parameters.workload ?? choices[0]?.value ?? '';
  const reference = workloadOf(workload);
  const listed = objects.workloads.find((one) => `${one.kind} ${one.namespace}/${one.name}` === workload);
  const now = listed?.replicas ?? listed?.pods ?? 3;
  const from = wholeNumber(parameters.least, 1);
  const to = Math.max(from, wholeNumber(parameters.most, Math.max(20, 2 * now)));
  const step = Math.max(1, wholeNumber(parameters.step, Math.ceil((to - from) / 200)));
  const boundName = (parameters.boundOf ?? 'largestShare') as BoundName;
  const limit = readLimit(parameters.bound ?? '');
  const service = findService(objects, parameters.service ?? '');
  const asked = service === undefined || service.ports.length === 0 ? {} : questionOf(chosenOf(service, parameters));
  const traffic = trafficOf(parameters);
  const whole = { ...asked, ...(traffic === undefined ? {} : { traffic }) };
  const probability = Object.keys(whole).length === 0 ? {} : { probability: whole };
  const question =
    reference === undefined
      ? undefined
      : {
          sweep: {
            scale: reference,
            from,
            to,
            ...(step === 1 ? {} : { step }),
            ...probability,
            ...(limit === undefined ? {} : { bound: { [boundName]: limit } }),
          },
        };
  return {
    workload,
    from,
    to,
    step,
    boundName,
    bound: parameters.bound ?? '',
    amount: parameters.amount ?? '',
    unit: unitOf(parameters),
    capacity: parameters.capacity ?? '',
    question,
  };
}
