/** The load of a Service port as cells of a row. */
import type { ServiceProbability } from '../../contract/answers.js';
import { fieldsOfLoad, type LoadFields, type PlaceLoad } from '../../questions/load/fields.js';
import type { Cell } from './row.js';

/** What the most and the least loaded pod get. */
export const EXTREME_COLUMNS = [
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
] as const;

export const LOAD_COLUMNS = [
  'hottestRequestsPerSecond',
  ...EXTREME_COLUMNS,
  'overCapacity',
  'expectedOver',
  'anyIdle',
  'expectedIdle',
  'crossZoneRequestsPerSecond',
  'crossNodeRequestsPerSecond',
  'crossZonePricePerHour',
  'law',
] as const;

/** Cells of the most or the least loaded pod; none where nothing is known of it. */
export function extremeCells(name: 'most' | 'least', summary: LoadFields['most']): Readonly<Record<string, Cell>> {
  if (summary === undefined) return {};
  const { mean, p5, p50, p95, p99 } = summary;
  const cells = { Mean: mean, P5: p5, P50: p50, P95: p95, P99: p99 };
  return Object.fromEntries(Object.entries(cells).map(([level, value]) => [`${name}${level}`, value]));
}

/** What is known of a load; nothing where there is none. */
export function loadCells(load: ServiceProbability['load']): Readonly<Record<string, Cell | undefined>> {
  const fields = fieldsOfLoad(load);
  if (fields === undefined) return {};
  const { requestsPerSecond, most, least, overCapacity, expectedOver, anyIdle, expectedIdle, law } = fields;
  const { crossZoneRequestsPerSecond, crossNodeRequestsPerSecond, crossZonePricePerHour } = fields;
  return {
    hottestRequestsPerSecond: requestsPerSecond?.most,
    ...extremeCells('most', most),
    ...extremeCells('least', least),
    ...{ overCapacity, expectedOver, anyIdle, expectedIdle, law },
    ...{ crossZoneRequestsPerSecond, crossNodeRequestsPerSecond, crossZonePricePerHour },
  };
}

/** What is known of one pod, node or zone. */
export const PLACE_COLUMNS = [
  'requestsPerSecond',
  'connections',
  'connectionsP5',
  'connectionsP50',
  'connectionsP95',
  'connectionsP99',
  'idleChance',
  'overChance',
] as const;

type Cells = Readonly<Record<string, Cell | undefined>>;

/** One pod, node or zone of a load. */
export interface PlaceCells {
  readonly row: 'POD' | 'NODE' | 'ZONE';
  readonly name: string;
  /** Where it is: `pod`, `node`, `zone`. */
  readonly place: Cells;
  readonly cells: Cells;
}

/** The load of one endpoint: its means, and the law of pods of its share. */
export function podCells(load: ServiceProbability['load'], index: number): Cells {
  const fields = fieldsOfLoad(load);
  const pod = fields?.pods?.[index];
  if (pod === undefined) return {};
  const group = fields?.groups?.find(({ share }) => Math.abs(share - pod.share) < 1e-12);
  return {
    requestsPerSecond: pod.requestsPerSecond,
    connections: pod.connections,
    connectionsP5: group?.p5,
    connectionsP50: group?.p50,
    connectionsP95: group?.p95,
    connectionsP99: group?.p99,
    idleChance: group?.idle,
    overChance: group?.over,
  };
}

function placeCells({ requestsPerSecond, connections, p5, p50, p95, p99 }: PlaceLoad): Cells {
  const levels = { connectionsP5: p5, connectionsP50: p50, connectionsP95: p95, connectionsP99: p99 };
  return { requestsPerSecond, connections, ...levels };
}

/** The pods, nodes and zones of a load; an empty list without a load. */
export function placesOfLoad(load: ServiceProbability['load']): readonly PlaceCells[] {
  const { pods = [], nodes = [], zones = [] } = fieldsOfLoad(load) ?? {};
  return [
    ...pods.map(({ pod, node, zone }, index): PlaceCells => {
      return { row: 'POD', name: pod, place: { pod, node, zone }, cells: podCells(load, index) };
    }),
    ...nodes.map((one): PlaceCells => {
      return { row: 'NODE', name: one.node, place: { node: one.node }, cells: placeCells(one) };
    }),
    ...zones
      .filter(({ zone }) => zone !== '')
      .map((one): PlaceCells => {
        return { row: 'ZONE', name: one.zone, place: { zone: one.zone }, cells: placeCells(one) };
      }),
  ];
}
