/** What pods, zones and nodes do not bear of the traffic that a question says. */
import type { Finding, ServiceProbability, ServiceRef } from '../../contract/answers.js';
import { chanceText, fieldsOfLoad, shortNumber } from '../load/fields.js';
import type { Door } from './door.js';
import type { StateFinder } from './finders.js';
import { doorEvidence, finding, listed, MAX_LISTED, portEvidence, portText } from './finding.js';

type About = Pick<Door, 'service' | 'via' | 'family' | 'destination' | 'clients'> & {
  readonly service?: ServiceRef | undefined;
};

/** The hottest pod of a load in words: its 99th percentile where that is known, else its mean. */
export function hottestText(load: ServiceProbability['load']): string {
  const { most, requestsPerSecond } = fieldsOfLoad(load) ?? {};
  if (most !== undefined) return `${shortNumber(most.p99)} connections at the 99th percentile`;
  return requestsPerSecond === undefined ? 'nothing' : `${shortNumber(requestsPerSecond.most)} requests per second`;
}

/** How many endpoints a finding is about, and what is reported of the load of their Service port. */
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
    anyOverAtLeast,
  } = fieldsOfLoad(load) ?? {};
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
    // Where only bounds are known, the upper one of 1 says nothing for certain.
    const certain = (mean || anyOver !== undefined ? overCapacity : (anyOverAtLeast ?? overCapacity)) >= 1 - 1e-12;
    const bounded = anyOver === undefined && !mean && connections !== undefined;
    const over = `over its capacity of ${shortNumber(limit ?? 0)} ${unit}`;
    const chance = bounded
      ? `a chance of at most ${chanceText(overCapacity)}`
      : `a chance of ${chanceText(overCapacity)}`;
    const some = `${certain ? 'Some pod' : `With ${chance} some pod`} of ${name} is ${over}`;
    const message = bounded
      ? `${some}.`
      : anyOver === undefined || mean
        ? `The hottest pod of ${name} gets ${shortNumber(rate?.most ?? 0)} requests per second in the mean; it ` +
          `takes ${shortNumber(capacity?.requestsPerSecond ?? 0)}.`
        : `${some}: the hottest has ${shortNumber(most?.p50 ?? 0)} at the median and ` +
          `${shortNumber(most?.p99 ?? 0)} at the 99th percentile.`;
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
    const message = `${shortNumber(expectedIdle)} of ${pods} pods of ${name} have no connection in the mean.`;
    found.push(finding('IDLE_PODS', message, { ...evidence, expectedIdle, pods }));
  }
  if (connections !== undefined && connections > 0 && connections < pods && law !== 'ARRIVALS') {
    const message =
      `${shortNumber(connections)} connections that stay on their pods reach at most ` +
      `${shortNumber(connections)} of ${pods} pods of ${name}: more replicas take nothing off them.`;
    found.push(finding('CONNECTION_PINNING', message, { ...evidence, connections, pods }));
  }
  for (const {
    name: autoscaler,
    hidesHotPod,
    explanation,
    average,
    hottest,
    target,
    replicas,
    desired,
  } of fieldsOfLoad(load)?.autoscalers ?? []) {
    if (hidesHotPod !== true) continue;
    const message = `HorizontalPodAutoscaler ${autoscaler} does not see a hot pod of ${name}: ${explanation}`;
    const seen = { averagePercent: average, hottestPercent: hottest, targetPercent: target, replicas, desired };
    found.push(
      finding('AUTOSCALER_BLIND', message, { ...portEvidence(about.service, about.family), autoscaler, ...seen }),
    );
  }
  return found;
}

/** The findings about the load behind each door. */
export const loads: StateFinder = ({ doors }) =>
  doors.flatMap((door) => (door.load === undefined ? [] : findingsOfLoad(door, door.endpoints.length, door.load)));

const RISKS = [
  ['LOSS_NOT_SURVIVABLE', ['ZONE', 'NODE']],
  ['ROLLOUT_BELOW_CAPACITY', ['ROLLOUT']],
] as const;

/** What the loss of a zone or node, or a roll-out, leaves too little of. */
export const loadRisks: StateFinder = ({ doors }) =>
  doors
    .filter(({ risks }) => risks !== undefined)
    .flatMap((door) =>
      RISKS.flatMap(([code, kinds]) => {
        const risks = (door.risks ?? []).filter(({ kind }) => (kinds as readonly string[]).includes(kind));
        const [worst] = [...risks].sort((a, b) => b.chance - a.chance);
        if (worst === undefined) return [];
        const names = risks.map(({ kind, name }) => (kind === 'ROLLOUT' ? name : `${kind.toLowerCase()} ${name}`));
        const what =
          code === 'LOSS_NOT_SURVIVABLE'
            ? `Without ${names.length > 1 ? 'one of ' : ''}${listed(names)}`
            : `In a roll-out of ${listed(names)}`;
        const message =
          `${what}, ${worst.chance >= 1 - 1e-12 ? '' : `with a chance of ${chanceText(worst.chance)} `}a pod of ` +
          `${portText(door.service)} is over its capacity: the hottest gets ${worst.hottest}.`;
        const evidence = { lost: names.slice(0, MAX_LISTED), chance: worst.chance, hottest: worst.hottest };
        return [finding(code, message, { ...doorEvidence(door), ...evidence })];
      }),
    );
