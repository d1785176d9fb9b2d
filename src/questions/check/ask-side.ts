/** Every door of a Service in one state of the cluster. */

import type { CheckClients, FailOn, Finding } from '../../contract/answers.js';
import { ENUMS } from '../../contract/gen/types.js';
import type { Prepared } from '../prepare.js';
import type { SideDoor } from './compare-doors.js';
import { askDoor, doorsOf, type Wanted } from './doors.js';

/** Those who are asked about unless the request says otherwise. */
export const USUAL_CLIENTS: readonly CheckClients[] = ENUMS.CheckClients;

const RANK = { INFO: 0, WARNING: 1, ERROR: 2, NEVER: 3 } as const;

/** Whether a finding reaches the severity from which on a question fails. */
export function fails(findings: readonly Finding[], failOn: FailOn): boolean {
  return failOn !== 'NEVER' && findings.some(({ severity }) => RANK[severity] >= RANK[failOn]);
}

/** Why some of a door's connections are UNKNOWN, in the words of the first of them. */
export function unknownOf({ door }: SideDoor): string | undefined {
  const outcomes = door.from.flatMap((from) => from.outcomes);
  return outcomes.find(({ verdict }) => verdict === 'UNKNOWN')?.detail;
}

/** One side's doors of a Service; those that cannot be asked about are listed with the reason. */
export function askSide(prepared: Prepared, key: string, wanted: Wanted) {
  const service = prepared.cluster.services.get(key);
  const asked =
    service === undefined ? [] : doorsOf(service, wanted, prepared).map((door) => askDoor(prepared, door, wanted));
  const doors = asked.flatMap(({ question, outcome }) =>
    (outcome?.doors ?? []).map(
      (door, index): SideDoor => ({
        door,
        result: outcome?.result.services[index] as SideDoor['result'],
        clients: question.clients,
      }),
    ),
  );
  return {
    doors,
    assumptions: asked.flatMap(({ outcome }) => outcome?.assumptions ?? []),
    unsupported: asked.find(({ unsupported }) => unsupported)?.why,
    refused: asked.flatMap(({ question: { clients, destination }, why }) =>
      why === undefined ? [] : [{ clients, via: destination.via ?? 'CLUSTER_IP', why }],
    ),
  };
}
