/** The load of a Service port in lines: what most people look for first. */
import type { ServiceProbability } from '../contract/answers.js';

type Fields = Readonly<Record<string, unknown>>;

function rounded(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}

function summaryLine(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { mean, p5, p50, p95, p99 } = value as Fields;
  if (typeof p50 !== 'number') return [];
  return [`${name}: ${rounded(mean)} in the mean; percentiles 5 ${p5}, 50 ${p50}, 95 ${p95}, 99 ${p99}`];
}

/** One line each: requests per second, the most and least loaded pod, chances. Empty where no traffic was given. */
export function loadLines({ load }: ServiceProbability): readonly string[] {
  if (load === undefined) return [];
  const { requestsPerSecond, most, least, anyOver, anyIdle, expectedIdle, crossZoneRequestsPerSecond } = load as Fields;
  const rate = requestsPerSecond as Fields | undefined;
  return [
    ...(rate === undefined
      ? []
      : [
          `requests per second: ${rounded(rate.delivered)} delivered; ${rounded(rate.mean)} a pod in the mean, from ${rounded(rate.least)} to ${rounded(rate.most)}`,
        ]),
    ...(crossZoneRequestsPerSecond === undefined
      ? []
      : [`requests per second to another zone: ${rounded(crossZoneRequestsPerSecond)}`]),
    ...summaryLine('most loaded pod', most),
    ...summaryLine('least loaded pod', least),
    ...(typeof anyOver === 'number' ? [`chance that some pod is over its capacity: ${rounded(anyOver)}`] : []),
    ...(typeof anyIdle === 'number'
      ? [`chance that some pod has nothing: ${rounded(anyIdle)}; idle pods in the mean: ${rounded(expectedIdle)}`]
      : []),
  ];
}
