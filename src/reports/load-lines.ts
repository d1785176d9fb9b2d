/** The load of a Service port in lines: what most people look for first. */
import type { ServiceProbability } from '../contract/answers.js';
import { chanceText, fieldsOfLoad, type LoadSummary, shortNumber } from '../questions/load/fields.js';
import { capacityText } from '../questions/summaries/load.js';

const exactly = (value: number) => shortNumber(value, 6);

function summaryLine(name: string, summary: LoadSummary | undefined): string[] {
  if (summary === undefined) return [];
  const { mean, p5, p50, p95, p99 } = summary;
  const levels = [p5, p50, p95, p99].map((value) => exactly(value));
  return [`${name}: ${exactly(mean)} in the mean; percentiles 5, 50, 95, 99: ${levels.join(', ')}`];
}

/** One line each: requests per second, the most and least loaded pod, chances. Empty where no traffic was given. */
export function loadLines({ load }: ServiceProbability): readonly string[] {
  const fields = fieldsOfLoad(load);
  if (fields === undefined) return [];
  const { requestsPerSecond: rate, most, least, anyOver, expectedOver, anyIdle, expectedIdle, simulated } = fields;
  const { crossZoneRequestsPerSecond: crossing, crossZonePricePerHour: price, explanation, connections, why } = fields;
  const over = anyOver === undefined ? undefined : `, ${exactly(expectedOver ?? 0)} pods in the mean`;
  return [
    ...(rate === undefined
      ? []
      : [
          `requests per second: ${exactly(rate.delivered)} delivered; ${exactly(rate.mean)} a pod in the ` +
            `mean, from ${exactly(rate.least)} to ${exactly(rate.most)}`,
        ]),
    ...(anyOver === undefined && rate?.podsOverInTheMean !== undefined
      ? [
          `capacity of a pod: ${capacityText(load)}; ` +
            `${rate.podsOverInTheMean === 0 ? 'no pod is' : `${rate.podsOverInTheMean} pods are`} over it in ` +
            'the mean',
        ]
      : []),
    ...(crossing === undefined
      ? []
      : [
          'requests per second to another zone: ' +
            `${exactly(crossing)}${price === undefined ? '' : `, for ${exactly(price)} an hour`}`,
        ]),
    ...(fields.crossNodeRequestsPerSecond === undefined
      ? []
      : [`requests per second to another node: ${exactly(fields.crossNodeRequestsPerSecond)}`]),
    ...(connections === undefined ? [] : [`connections: ${exactly(connections)}. ${why ?? ''}`]),
    ...summaryLine('most loaded pod', most),
    ...summaryLine('least loaded pod', least),
    ...(anyOver === undefined
      ? []
      : [`some pod is over its capacity of ${capacityText(load)}: ${chanceText(anyOver)}${over}`]),
    ...(anyIdle === undefined
      ? []
      : [`some pod has nothing: ${chanceText(anyIdle)}; idle pods in the mean: ${exactly(expectedIdle ?? 0)}`]),
    ...(simulated === undefined
      ? []
      : [
          `simulated, ${simulated.draws} draws, seed ${simulated.seed}: means within ` +
            `${shortNumber(simulated.errors.mean ?? 0)}`,
        ]),
    ...(fields.autoscalers ?? []).map(({ name, explanation: what }) => `HorizontalPodAutoscaler ${name}: ${what}`),
    ...(explanation === undefined ? [] : [explanation]),
  ];
}
