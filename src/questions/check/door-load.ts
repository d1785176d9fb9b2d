/** The traffic of check and inspect: each door gets all of it, by itself. */
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Assumption } from '../../cluster/settings.js';
import type { QuestionRequest } from '../../contract/requests.js';
import type { Traffic } from '../load/offered.js';
import { momentOf } from '../prepare.js';
import { type DoorLoad, requireDoorTraffic } from './doors.js';

/** The traffic of a request, checked. Throws INVALID_REQUEST for traffic that contradicts itself. */
export function doorLoad(
  traffic: Traffic | undefined,
  at: string,
  request: Pick<QuestionRequest, 'at'>,
  snapshot: Snapshot,
): DoorLoad | undefined {
  if (traffic === undefined) return undefined;
  requireDoorTraffic(traffic, at);
  return { traffic, at, moment: momentOf(request, snapshot).at };
}

/** What is assumed of such traffic. */
export function trafficAssumption(load: DoorLoad | undefined): readonly Assumption[] {
  if (load === undefined) return [];
  const why =
    'The request says how much is sent, not through which door: each door is asked about as if all of it ' +
    'came through it.';
  return [{ field: load.at.slice(1).replaceAll('/', '.'), value: 'through each door', why }];
}
