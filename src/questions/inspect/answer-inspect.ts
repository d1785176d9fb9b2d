/** inspect: what is wrong with the cluster as it is? Every Service, through every door, for the usual clients. */

import { QuestionError } from '../../base/errors.js';
import { mapWithProgress } from '../../base/progress.js';
import { namespacedName } from '../../cluster/objects.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Answer, Finding, InspectResult, ServiceRef } from '../../contract/answers.js';
import type { InspectQuestion, QuestionRequest, Via } from '../../contract/requests.js';
import { askSide, fails, USUAL_CLIENTS, unknownOf } from '../check/ask-side.js';
import { type SideDoor, shortLoad } from '../check/compare-doors.js';
import { doorLoad, trafficAssumption } from '../check/door-load.js';
import { finding } from '../findings/finding.js';
import { shownFindings, sortedFindings, stateFindings } from '../findings/index.js';
import { findingsOfChanges } from '../findings/of-changes.js';
import { thresholdsOf } from '../findings/wanted.js';
import type { Prepared } from '../prepare.js';
import { summed } from '../summaries/index.js';
import { requireWalkable } from '../walk-limits.js';
import { inspectedService } from './inspected-service.js';
import { listedObjects } from './listed-objects.js';

/** How many Services are asked about unless the request says otherwise. */
const DEFAULT_INSPECTED = 1000;

/** The Services that are wanted, by name. Throws NOT_FOUND for one that is not there. */
function chosen({ cluster }: Prepared, { namespaces, services }: InspectQuestion): readonly string[] {
  for (const [index, name] of (services ?? []).entries()) {
    if (cluster.services.has(name)) continue;
    const detail = `Service "${name}" is not in the cluster.`;
    throw new QuestionError('NOT_FOUND', detail, [{ pointer: `/inspect/services/${index}`, detail }]);
  }
  const present = new Set([...cluster.services.values()].map(({ metadata }) => metadata.namespace ?? 'default'));
  for (const [index, name] of (namespaces ?? []).entries()) {
    if (present.has(name)) continue;
    const detail = `No Service is in namespace "${name}".`;
    throw new QuestionError('NOT_FOUND', detail, [{ pointer: `/inspect/namespaces/${index}`, detail }]);
  }
  const inNamespace = (namespace: string) => namespaces?.includes(namespace) ?? true;
  return [...cluster.services.values()]
    .filter(({ metadata }) => inNamespace(metadata.namespace ?? 'default'))
    .map(namespacedName)
    .filter((key) => services?.includes(key) ?? true)
    .sort();
}

function incomplete(wanted: number, asked: number): Finding[] {
  if (wanted === asked) return [];
  const message = `${wanted} Services are wanted, of which ${asked} were asked about: more than maxServices.`;
  return [finding('CHECK_INCOMPLETE', message, { touched: wanted, asked, omitted: wanted - asked })];
}

/** The load behind a door; nothing where no connection is delivered. */
function doorLoadOf({ door, result, clients }: SideDoor): NonNullable<InspectResult['loads']> {
  const load = shortLoad(result.load);
  const { service, via, family } = door;
  return load === undefined ? [] : [{ service: service as ServiceRef, via: via as Via, family, clients, load }];
}

/** Answers an inspection of a prepared cluster. Throws QuestionError. */
export function answerInspect(prepared: Prepared, request: QuestionRequest, snapshot: Snapshot): Answer<InspectResult> {
  const question: InspectQuestion = request.inspect ?? {};
  const { cluster, settings, changes } = prepared;
  const wanted = chosen(prepared, question);
  const asked = wanted.slice(0, question.maxServices ?? DEFAULT_INSPECTED);
  requireWalkable(cluster, asked, '/inspect');
  const load = doorLoad(question.traffic, '/inspect/traffic', request, snapshot);
  const doorsWanted = { clients: USUAL_CLIENTS, vias: undefined, families: undefined, load };
  const sides = mapWithProgress(asked, 'Service', (key) => ({ key, ...askSide(prepared, key, doorsWanted) }));
  const reasons = sides.flatMap(({ key, doors, unsupported }) => {
    const why = unsupported ?? doors.map(unknownOf).find((reason) => reason !== undefined);
    return why === undefined ? [] : [[key, why] as const];
  });
  const view = {
    cluster,
    settings,
    services: asked,
    doors: sides.flatMap(({ doors }) => doors.map(({ door }) => door)),
    ...(question.services === undefined
      ? { wide: question.namespaces === undefined ? {} : { namespaces: new Set(question.namespaces) } }
      : {}),
  };
  const found = [
    ...incomplete(wanted.length, asked.length),
    ...findingsOfChanges(changes, prepared.earlier?.cluster ?? cluster, cluster),
    ...stateFindings(view, thresholdsOf(request.findings)),
  ];
  const counted = sortedFindings(found, request.findings);
  const { failOn = 'ERROR' } = question;
  const count = (severity: Finding['severity']) => counted.filter((one) => one.severity === severity).length;
  const [first] = reasons;
  const result: InspectResult = {
    failOn,
    failed: fails(counted, failOn),
    ...(first === undefined ? {} : { unknown: { services: reasons.map(([key]) => key), why: first[1] } }),
    severities: { error: count('ERROR'), warning: count('WARNING'), info: count('INFO') },
    counts: {
      services: cluster.services.size,
      nodes: cluster.nodes.size,
      asked: asked.length,
      omitted: wanted.length - asked.length,
    },
    ...(question.lists?.includes('SERVICES') ? { services: sides.map(inspectedService) } : {}),
    ...(question.lists?.includes('OBJECTS') ? { objects: listedObjects(cluster) } : {}),
    ...(load === undefined ? {} : { loads: sides.flatMap(({ doors }) => doors.flatMap(doorLoadOf)) }),
  };
  const assumptions = [...trafficAssumption(load), ...sides.flatMap((side) => side.assumptions)];
  return summed('inspect', request, prepared.answer({ result, assumptions }, shownFindings(found, request.findings)));
}
