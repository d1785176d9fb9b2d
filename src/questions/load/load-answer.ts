/** Load: what the shares of a Service port make of so much traffic. */
import type { ServiceProbability } from '../../contract/answers.js';
import { capacityOf, groupsOf } from './capacity.js';
import { affinityOnly, behindOneAddress } from './clients.js';
import { spreadOf } from './joint.js';
import { groupAnswers, MAX_GROUPS, marginalOf } from './marginal.js';
import { type Fields, modelled } from './models.js';
import type { Offered } from './offered.js';
import { type LoadInput, MAX_SWEPT_NODES, placesOf, rates } from './rates.js';

export type Load = NonNullable<ServiceProbability['load']>;

/** The most pods that are listed one by one. */
const MAX_PODS = 500;

/**
 * The load of a Service port's pods. Connections are those that are delivered: what is dropped or refused reaches no
 * pod. Undefined where nothing is delivered. `overCapacity` is the chance that some pod is over its capacity; where
 * only means are known, 1 or 0.
 */
export function loadOf(input: LoadInput, offered: Offered): Load | undefined {
  const { pods, delivered, law } = input;
  if (pods.length === 0 || delivered === 0) return undefined;
  const { connections, open, requestsPerSecond } = offered;
  const carried = connections ?? open;
  const groups = groupsOf(pods, ({ cpuMilli }) => capacityOf(offered, cpuMilli).connections);
  const together = behindOneAddress(input, offered);
  const {
    spread,
    explanation,
    bounds,
    law: lawName,
  } = together === undefined
    ? spreadOf(input, offered, groups)
    : { law: 'CLIENTS', spread: undefined, explanation: '', bounds: undefined };
  const clients = together ?? (carried === undefined ? affinityOnly(input, offered) : {});
  const means = rates(input, offered);
  const meanOver = (means.requestsPerSecond as Fields | undefined)?.podsOverInTheMean as number | undefined;
  const anyOver = (spread?.anyOver ?? (clients as Fields).anyOver) as number | undefined;
  const byMean = meanOver === undefined ? undefined : meanOver > 0 ? 1 : 0;
  // Where connections are placed by a law that is not worked out, means do not show that no pod is over its capacity.
  const unproven = carried !== undefined && anyOver === undefined;
  const overCapacity = anyOver ?? bounds?.anyOverAtMost ?? (unproven && byMean === 0 ? undefined : byMean);
  const podCount = pods.reduce((sum, { count }) => sum + count, 0);
  const oneCounter = law.kind === 'IN_TURN' && law.counters === 1;
  const marginal = marginalOf(lawName, offered, podCount, oneCounter && groups.length === 1);
  const large = carried !== undefined && open === undefined && carried > 1e7;
  const placed = oneCounter || large || together !== undefined ? undefined : marginal;
  const rate = requestsPerSecond === undefined ? undefined : requestsPerSecond * delivered;
  const [one] = pods;
  const limits = one === undefined ? {} : capacityOf(offered, one.cpuMilli);
  return {
    ...(input.listed
      ? {
          pods: pods.slice(0, MAX_PODS).map(({ pod, node, zone, share }) => ({
            pod,
            node,
            ...(zone === '' ? {} : { zone }),
            share,
            ...(requestsPerSecond === undefined ? {} : { requestsPerSecond: share * delivered * requestsPerSecond }),
            ...(carried === undefined ? {} : { connections: share * carried }),
          })),
        }
      : {}),
    ...means,
    ...(input.listed || new Set(pods.map(({ node }) => node)).size <= MAX_SWEPT_NODES
      ? { nodes: placesOf(pods, 'node', rate, carried, input.listed ? placed : undefined) }
      : {}),
    zones: placesOf(pods, 'zone', rate, carried, input.listed ? placed : undefined),
    ...(carried === undefined ? {} : { connections: carried }),
    ...(Object.keys(limits).length === 0
      ? {}
      : {
          capacity: {
            ...(limits.connections === undefined ? {} : { connections: limits.connections }),
            ...(limits.rate === undefined ? {} : { requestsPerSecond: limits.rate }),
          },
        }),
    ...(carried === undefined ? {} : { law: lawName, why: law.why }),
    ...(carried === undefined || carried === 0
      ? {}
      : large
        ? modelled('pod-load', { connections: carried, pods: groups.slice(0, MAX_GROUPS) }, offered.at)
        : groupAnswers(carried, groups, marginal)),
    ...clients,
    ...spread,
    ...bounds,
    ...(spread === undefined && carried !== undefined && explanation !== undefined && explanation !== ''
      ? { explanation }
      : {}),
    ...(overCapacity === undefined ? {} : { overCapacity, maxChance: offered.maxChance }),
    ...(law.assumed === undefined || spread === undefined ? {} : { assumed: law.assumed }),
  };
}
