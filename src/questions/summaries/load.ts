/** What a load comes to, in clauses. */
import type { ServiceProbability } from '../../contract/answers.js';
import { chanceText, fieldsOfLoad, shortNumber } from '../load/fields.js';

/** What one pod takes: `300 requests per second`, `3 connections (300 requests per second)`. */
export function capacityText(load: ServiceProbability['load']): string {
  const { connections, requestsPerSecond } = fieldsOfLoad(load)?.capacity ?? {};
  const rate = requestsPerSecond === undefined ? undefined : `${shortNumber(requestsPerSecond)} requests per second`;
  if (connections === undefined) return rate ?? '';
  return `${shortNumber(connections)} connections${rate === undefined ? '' : ` (${rate})`}`;
}

/** How a load stands to what pods take: `with a chance of 0.9 % some pod is over its capacity of 3 connections`. */
export function bearingText(load: ServiceProbability['load']): string {
  const fields = fieldsOfLoad(load);
  if (fields === undefined) return 'nothing is delivered';
  const { anyOver, overCapacity, requestsPerSecond: rate } = fields;
  if (anyOver === undefined && overCapacity !== undefined && fields.connections !== undefined) {
    const limit = capacityText(load);
    return overCapacity < 1e-12
      ? `no pod is over its capacity of ${limit}`
      : `with a chance of at most ${chanceText(overCapacity)} some pod is over its capacity of ${limit}`;
  }
  if (anyOver === undefined && overCapacity === undefined) return 'it is not known whether a pod is over its capacity';
  if (anyOver === undefined) {
    return (
      `the hottest pod gets ${shortNumber(rate?.most ?? 0)} requests per second in the mean and takes ` +
      `${shortNumber(fields.capacity?.requestsPerSecond ?? 0)}`
    );
  }
  const chance = overCapacity ?? anyOver;
  return chance === 0
    ? `no pod is over its capacity of ${capacityText(load)}`
    : `with a chance of ${chanceText(chance)} some pod is over its capacity of ${capacityText(load)}`;
}
