/** What pods, zones and nodes do not bear of the traffic that a question says. */
import type { Finding, ServiceProbability, ServiceRef } from '../../contract/answers.js';
import type { Door } from './door.js';
import { doorEvidence, finding, listed, MAX_LISTED, portText } from './finding.js';
import type { StateFinder } from './view.js';

type About = Pick<Door, 'service' | 'via' | 'family' | 'destination' | 'clients'> & {
  readonly service?: ServiceRef | undefined;
};

/** The fields of a load that findings look at. */
interface LoadFields {
  readonly law?: string;
  readonly connections?: number;
  readonly requestsPerSecond?: { readonly most: number; readonly mean: number; readonly delivered: number };
  readonly capacity?: { readonly connections?: number; readonly requestsPerSecond?: number };
  readonly most?: { readonly mean: number; readonly p50: number; readonly p95: number; readonly p99: number };
  readonly expectedIdle?: number;
  readonly anyOver?: number;
  readonly overCapacity?: number;
  readonly maxChance?: number;
}

export function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(chance: number): string {
  return chance >= 0.9995 && chance < 1 ? 'more than 99.9 %' : `${rounded(chance * 100)} %`;
}

/** The hottest pod of a load in words: its 99th percentile where that is known, else its mean. */
export function hottestText(load: ServiceProbability['load']): string {
  const { most, requestsPerSecond } = (load ?? {}) as LoadFields;
  if (most !== undefined) return `${rounded(most.p99)} connections at the 99th percentile`;
  return requestsPerSecond === undefined ? 'nothing' : `${rounded(requestsPerSecond.most)} requests per second`;
}

/** How many endpoints a finding is about, and what is told of the load of their Service port. */
export function findingsOfLoad(about: About, pods: number, load: ServiceProbability['load']): readonly Finding[] {
  if (load === undefined) return [];
  const {
    requestsPerSecond: rate,
    capacity,
    most,
    connections,
    overCapacity = 0,
    maxChance = 0,
    expectedIdle,
    law,
    anyOver,
  } = load as LoadFields;
  const evidence = doorEvidence(about);
  const name = portText(about.service);
  const found: Finding[] = [];
  const limit = capacity?.connections ?? capacity?.requestsPerSecond;
  const unit = capacity?.connections === undefined ? 'requests per second' : 'connections';
  if (overCapacity > maxChance) {
    const mean =
      rate !== undefined &&
      capacity?.requestsPerSecond !== undefined &&
      rate.most > capacity.requestsPerSecond * (1 + 1e-12);
    const certain = overCapacity >= 1 - 1e-12;
    const message =
      anyOver === undefined || mean
        ? `The hottest pod of ${name} gets ${rounded(rate?.most ?? 0)} requests per second in the mean; it takes ${rounded(capacity?.requestsPerSecond ?? 0)}.`
        : `${certain ? 'Some pod' : `With a chance of ${percent(overCapacity)} some pod`} of ${name} ${certain ? 'is' : 'is'} over its capacity of ${rounded(limit ?? 0)} ${unit}: the hottest has ${rounded(most?.p50 ?? 0)} at the median and ${rounded(most?.p99 ?? 0)} at the 99th percentile.`;
    const severity = certain ? 'ERROR' : 'WARNING';
    found.push(
      finding(
        'OVER_CAPACITY',
        message,
        { ...evidence, chance: overCapacity, maxChance, capacity: limit, hottest: most?.p99 ?? rate?.most },
        severity,
      ),
    );
  }
  if (connections !== undefined && connections > 0 && expectedIdle !== undefined && expectedIdle >= 1) {
    const message = `${rounded(expectedIdle)} of ${pods} pods of ${name} have no connection in the mean.`;
    found.push(finding('IDLE_PODS', message, { ...evidence, expectedIdle, pods }));
  }
  if (connections !== undefined && connections > 0 && connections < pods && law !== 'ARRIVALS') {
    const message = `${rounded(connections)} connections that stay on their pods reach at most ${rounded(connections)} of ${pods} pods of ${name}: more replicas take nothing off them.`;
    found.push(finding('CONNECTION_PINNING', message, { ...evidence, connections, pods }));
  }
  return found;
}

/** The findings about the load behind each door. */
export const loads: StateFinder = ({ doors }) =>
  doors.flatMap((door) => findingsOfLoad(door, door.endpoints.length, door.load));

const RISKS = [
  ['LOSS_NOT_SURVIVABLE', ['ZONE', 'NODE']],
  ['ROLLOUT_BELOW_CAPACITY', ['ROLLOUT']],
] as const;

/** What the loss of a zone or node, or a roll-out, leaves too little of. */
export const loadRisks: StateFinder = ({ doors }) =>
  doors.flatMap((door) =>
    RISKS.flatMap(([code, kinds]) => {
      const risks = (door.risks ?? []).filter(({ kind }) => (kinds as readonly string[]).includes(kind));
      const [worst] = [...risks].sort((a, b) => b.chance - a.chance);
      if (worst === undefined) return [];
      const names = risks.map(({ kind, name }) => (kind === 'ROLLOUT' ? name : `${kind.toLowerCase()} ${name}`));
      const what = code === 'LOSS_NOT_SURVIVABLE' ? `Without ${listed(names)}` : `In a roll-out of ${listed(names)}`;
      const message = `${what}, ${worst.chance >= 1 - 1e-12 ? '' : `with a chance of ${percent(worst.chance)} `}a pod of ${portText(door.service)} is over its capacity: the hottest gets ${worst.hottest}.`;
      const evidence = { lost: names.slice(0, MAX_LISTED), chance: worst.chance, hottest: worst.hottest };
      return [finding(code, message, { ...doorEvidence(door), ...evidence })];
    }),
  );
