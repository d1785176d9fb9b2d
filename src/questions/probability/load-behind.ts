import { joinHostPort } from '../../base/address.js';
import { toNumber } from '../../base/fraction.js';
import type { ServiceProbability } from '../../contract/answers.js';
import type { DoorClient } from '../findings/door.js';
import { autoscalerLoads } from '../load/autoscaler-load.js';
import { cpuRequest } from '../load/capacity.js';
import type { LoadFields } from '../load/fields.js';
import { lawOf, podKey } from '../load/law.js';
import { loadOf } from '../load/load-answer.js';
import { modelled } from '../load/models.js';
import type { Offered } from '../load/offered.js';
import type { Prepared } from '../prepare.js';
import { crossNodeShare } from './crossings.js';

const TRAFFIC_AT = '/probability/traffic';

/** The load of the pods behind a door. */
export function loadBehind(
  prepared: Prepared,
  { endpoints, delivered, crossZone, affinity }: ServiceProbability,
  from: readonly DoorClient[],
  offered: Offered,
): ServiceProbability['load'] {
  if (delivered.value === 0) return undefined;
  const { cluster, settings } = prepared;
  const law = lawOf({ settings, from, stickySeconds: affinity?.timeoutSeconds ?? 0 });
  const pods = endpoints.map(({ address, port, pod, node = '', zone = '', share }) => ({
    count: 1,
    share: share.value / delivered.value,
    node,
    zone,
    pod: pod ?? joinHostPort(address, port),
    key: podKey({ address, port }),
    cpuMilli: offered.cpuMillisecondsPerRequest === undefined ? undefined : cpuRequest(cluster, pod),
  }));
  const crossNode = toNumber(crossNodeShare(from));
  const load = loadOf(
    { pods, delivered: delivered.value, crossZone: crossZone?.value, crossNode, law, listed: true },
    offered,
  );
  if (load === undefined) return undefined;
  const rate = (offered.requestsPerSecond ?? 0) * delivered.value;
  const rates = new Map(pods.map(({ pod, share }) => [pod, share * rate]));
  const autoscalers = autoscalerLoads(prepared, rates, load as LoadFields, offered);
  const sticky = affinity === undefined ? undefined : forgetting(affinity.timeoutSeconds, offered);
  return {
    ...load,
    ...(autoscalers.length === 0 ? {} : { autoscalers }),
    ...(sticky === undefined ? {} : { affinity: sticky }),
  };
}

/**
 * How often a client that stays on a pod is forgotten and chooses again: its requests come at random, each refreshes
 * the entry.
 */
function forgetting(
  timeoutSeconds: number,
  { clients, requestsPerSecond }: Offered,
): Record<string, unknown> | undefined {
  if (clients === undefined || requestsPerSecond === undefined || requestsPerSecond === 0) return undefined;
  const rate = requestsPerSecond / clients;
  // Beyond this nobody is ever forgotten in a number that a double holds.
  if (rate * timeoutSeconds > 700)
    return { timeoutSeconds, requestsPerSecondOfClient: rate, chanceNextRequestIsLate: 0 };
  return {
    timeoutSeconds,
    requestsPerSecondOfClient: rate,
    ...modelled('affinity', { requestsPerSecond: rate, timeoutSeconds }, TRAFFIC_AT),
  };
}
