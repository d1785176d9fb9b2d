/** The load of a Service port as cells of a row. */
import type { ServiceProbability } from '../../contract/answers.js';
import { fieldsOfLoad } from '../../questions/load/fields.js';
import type { Cell } from './row.js';

export const LOAD_COLUMNS = [
  'hottestRequestsPerSecond',
  'mostMean',
  'mostP5',
  'mostP50',
  'mostP95',
  'mostP99',
  'leastMean',
  'leastP5',
  'leastP50',
  'leastP95',
  'leastP99',
  'overCapacity',
  'expectedOver',
  'anyIdle',
  'expectedIdle',
  'crossZoneRequestsPerSecond',
  'crossNodeRequestsPerSecond',
  'crossZonePricePerHour',
  'law',
] as const;

/** What is known of a load; nothing where there is none. */
export function loadCells(load: ServiceProbability['load']): Readonly<Record<string, Cell | undefined>> {
  const fields = fieldsOfLoad(load);
  if (fields === undefined) return {};
  const { requestsPerSecond, most, least, overCapacity, expectedOver, anyIdle, expectedIdle, law } = fields;
  const { crossZoneRequestsPerSecond, crossNodeRequestsPerSecond, crossZonePricePerHour } = fields;
  return {
    hottestRequestsPerSecond: requestsPerSecond?.most,
    mostMean: most?.mean,
    mostP5: most?.p5,
    mostP50: most?.p50,
    mostP95: most?.p95,
    mostP99: most?.p99,
    leastMean: least?.mean,
    leastP5: least?.p5,
    leastP50: least?.p50,
    leastP95: least?.p95,
    leastP99: least?.p99,
    ...{ overCapacity, expectedOver, anyIdle, expectedIdle, law },
    ...{ crossZoneRequestsPerSecond, crossNodeRequestsPerSecond, crossZonePricePerHour },
  };
}
