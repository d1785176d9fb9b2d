/** check: does a change hurt anybody? Every Service that it touches, through every door, for the usual clients. */

import { QuestionError } from '../../base/errors.js';
import { mapWithProgress } from '../../base/progress.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Answer, CheckedService, CheckResult, Finding } from '../../contract/answers.js';
import type { CheckQuestion, QuestionRequest } from '../../contract/requests.js';
import type { View } from '../findings/finders.js';
import { finding, listed, MAX_LISTED } from '../findings/finding.js';
import { differenceFindings, shownFindings, sortedFindings } from '../findings/index.js';
import { noServiceTouched, sameSnapshots } from '../findings/no-effect.js';
import { findingsOfChanges } from '../findings/of-changes.js';
import { thresholdsOf } from '../findings/wanted.js';
import { noneHeld } from '../held.js';
import { type Prepared, prepare as prepareAnew } from '../prepare.js';
import { changedPair } from '../reach/reach-pair.js';
import { summed } from '../summaries/index.js';
import { periodAfter } from '../summaries/sentence-parts.js';
import { requireComparable } from '../walk-limits.js';
import { readAfter } from '../what-if/after-snapshot.js';
import { ofAfter, type SidesContext } from '../what-if/sides.js';
import { withoutRepetition } from '../without-repetition.js';
import { askSide, fails, USUAL_CLIENTS, unknownOf } from './ask-side.js';
import { compareDoor, type SideDoor } from './compare-doors.js';
import { doorLoad, trafficAssumption } from './door-load.js';
import type { Wanted } from './doors.js';
import { type PolicyPairs, policyPairs } from './policy-pairs.js';
import { type Touched, touchedServices } from './touched.js';

/** Pairs of which the answer says before and after, at most. */
const MOST_PAIRS = 200;

/** How many touched Services are asked about unless the request says otherwise. */
const DEFAULT_MAX_SERVICES = 200;

/** The pairs that policies make others, as far as they are listed. */
function reachFields(changed: PolicyPairs['changed']): Pick<CheckResult, 'reach' | 'omittedPairs'> {
  if (changed.length === 0) return {};
  const reach = changed.slice(0, MOST_PAIRS).map(changedPair);
  const omitted = changed.length - reach.length;
  return omitted === 0 ? { reach } : { reach, omittedPairs: omitted };
}

function wrong(at: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

interface Sides {
  readonly before: Prepared;
  readonly after: Prepared;
  readonly second: Snapshot | undefined;
}

function sidesOf(
  request: QuestionRequest,
  snapshot: Snapshot,
  { file, base = [], prepare = prepareAnew, byDigest = noneHeld }: SidesContext,
): Sides {
  const { changes, after: given, ...rest } = request;
  const plain = base.length === 0 ? rest : { ...rest, changes: base };
  if (file !== undefined && given !== undefined) {
    throw wrong('/after', 'The second snapshot is given twice: in "after" and in a file of its own.');
  }
  const second = file ?? (given === undefined ? undefined : readAfter(given.snapshot, byDigest));
  if (second !== undefined && changes !== undefined) {
    throw wrong('/changes', 'There is a second snapshot already: give either "changes" or "after", not both.');
  }
  if (second === undefined && (changes?.length ?? 0) === 0) {
    throw wrong(
      '',
      'Give "changes", at least one, or a second snapshot as "after": without, there is nothing to check.',
    );
  }
  const before = prepare(plain, snapshot);
  const after =
    second === undefined
      ? prepare({ ...rest, changes: [...base, ...(changes ?? [])] }, snapshot)
      : ofAfter('In the second snapshot', () => prepare(plain, second));
  return { before, after, second };
}

/**
 * The touched Services that are wanted, and how many of those are left out. Throws NOT_FOUND for a name neither side
 * has.
 */
function chosen(touched: Touched, question: CheckQuestion, { before, after }: Sides) {
  const { services, maxServices = DEFAULT_MAX_SERVICES } = question;
  for (const [index, name] of (services ?? []).entries()) {
    if (before.cluster.services.has(name) || after.cluster.services.has(name)) continue;
    const detail = `Service "${name}" is neither in the snapshot nor in what the change makes of it.`;
    throw new QuestionError('NOT_FOUND', detail, [{ pointer: `/check/services/${index}`, detail }]);
  }
  const wanted = services === undefined ? undefined : new Set(services);
  const all = touched.services.filter((name) => wanted?.has(name) ?? true);
  return { asked: all.slice(0, maxServices), omitted: Math.max(0, all.length - maxServices) };
}

interface CheckedOne {
  readonly checked: CheckedService;
  readonly before: readonly SideDoor[];
  readonly after: readonly SideDoor[];
  readonly assumptions: readonly Assumption[];
  /** Why it is not known what becomes of some connections to it, on either side; undefined where it is. */
  readonly unknown: string | undefined;
}

function checkService({ before, after }: Sides, key: string, wanted: Wanted): CheckedOne {
  const [was, is] = [askSide(before, key, wanted), askSide(after, key, wanted)];
  const refused = [...was.refused, ...is.refused];
  const isRefused = ({ clients, door: { via } }: SideDoor) =>
    refused.some((entry) => entry.clients === clients && entry.via === via);
  // A door that one side alone can tell of says nothing of a change.
  const earlier = was.doors.filter((door) => !isRefused(door));
  const later = is.doors.filter((door) => !isRefused(door));
  const byId = new Map(later.map((side) => [side.door.id, side]));
  const known = new Set(earlier.map(({ door }) => door.id));
  const sides = { before, after };
  const doors = [
    ...earlier.map((side) => compareDoor(side, byId.get(side.door.id), sides)),
    ...later.filter(({ door }) => !known.has(door.id)).map((side) => compareDoor(undefined, side, sides)),
  ];
  const [there, stays] = [before.cluster.services.has(key), after.cluster.services.has(key)];
  const notAsked = [...new Map(refused.map((entry) => [JSON.stringify(entry), entry])).values()];
  const external = [before, after].some(({ cluster }) => cluster.services.get(key)?.spec?.type === 'ExternalName');
  const out = { clients: 'PODS', via: 'DNS', why: 'An ExternalName leads out of the cluster.' } as const;
  return {
    checked: {
      service: key,
      change: !there ? 'ADDED' : stays ? 'CHANGED' : 'REMOVED',
      doors,
      notAsked: external ? [...notAsked, out] : notAsked,
    },
    before: earlier,
    after: later,
    assumptions: [...was.assumptions, ...is.assumptions],
    unknown:
      was.unsupported ?? is.unsupported ?? [...was.doors, ...is.doors].map(unknownOf).find((why) => why !== undefined),
  };
}

/** The Services of which it is not known what the change does to them, and why; undefined where all is known. */
function unknownPart(
  touched: Touched,
  question: CheckQuestion,
  checked: readonly CheckedOne[],
): NonNullable<CheckResult['unknown']> | undefined {
  const wanted = question.services === undefined ? undefined : new Set(question.services);
  const reasons = new Map<string, string>();
  for (const key of touched.unknown) {
    if (wanted?.has(key) ?? true) reasons.set(key, touched.unknownCauses[0] ?? '');
  }
  for (const { checked: one, unknown } of checked) {
    if (unknown !== undefined && !reasons.has(one.service)) reasons.set(one.service, unknown);
  }
  // Policies that change may be about clients of any Service.
  const why = [...reasons.values()][0] ?? touched.policiesChange;
  return why === undefined ? undefined : { services: [...reasons.keys()], why };
}

/** A Service of which something is not known: none of its doors is reported to stay as it is. */
function withUnknown(service: CheckedService, unknown: CheckResult['unknown']): CheckedService {
  if (!unknown?.services.includes(service.service)) return service;
  const doors = service.doors.map((door) => (door.change === 'SAME' ? { ...door, change: 'UNKNOWN' as const } : door));
  return { ...service, doors };
}

function unknownFindings(unknown: CheckResult['unknown']): Finding[] {
  if (unknown === undefined) return [];
  const { services, why } = unknown;
  const count = services.length === 1 ? 'a Service' : `${services.length} Services`;
  const which = services.length === 0 ? '' : ` to ${count} that it touches (${listed(services)})`;
  const message = periodAfter(`It is not known what the change does to connections${which}: ${why}`);
  return [
    finding('CHECK_UNKNOWN', message, {
      services: services.slice(0, MAX_LISTED),
      serviceCount: services.length,
      explanation: why,
    }),
  ];
}

/** Whether a finding is about one of the Services that are asked about; of no Service in particular, it is. */
function ofServices({ services }: CheckQuestion, service: unknown): boolean {
  return services === undefined || typeof service !== 'string' || services.includes(service);
}

/** What a change touches, with the Services of which policies tell clients apart in another way. */
function withClients(touched: Touched, { services, unknown }: PolicyPairs): Touched {
  const more = services.filter((key) => !touched.services.includes(key));
  return {
    ...touched,
    services: [...touched.services, ...more],
    ...(unknown === undefined
      ? {}
      : { policiesChange: touched.policiesChange ?? unknown, unknownCauses: [...touched.unknownCauses, unknown] }),
  };
}

/** What is reported of a check as a whole. */
function ownFindings(touched: Touched, asked: readonly string[], omitted: number, maxServices: number): Finding[] {
  if (omitted === 0) return [];
  const message =
    `The change touches ${touched.services.length} Services, of which ${asked.length} were asked about: more ` +
    `than maxServices ${maxServices}.`;
  return [finding('CHECK_INCOMPLETE', message, { touched: touched.services.length, asked: asked.length, omitted })];
}

/**
 * Finds the Services that the changes (or the second snapshot) touch, asks about each door of each before and after,
 * and reports what it finds. A Service that is not touched is not asked about. Settings are those before the change.
 * Throws QuestionError.
 */
export function answerCheck(
  request: QuestionRequest,
  snapshot: Snapshot,
  context: SidesContext = {},
): Answer<CheckResult> {
  const question: CheckQuestion = request.check ?? {};
  const thresholds = thresholdsOf(request.findings);
  const sides = sidesOf(request, snapshot, context);
  const { before, after, second } = sides;
  const made = after.changes.slice(context.base?.length ?? 0);
  const clusters = [before.cluster, after.cluster];
  requireComparable(clusters, new Set(clusters.flatMap(({ services }) => [...services.keys()])), '/check');
  const { services } = question;
  const clients = policyPairs(before, after, { services: services && new Set(services) });
  const touched = withClients(touchedServices(before, after), clients);
  const { asked, omitted } = chosen(touched, question, sides);
  const wanted: Wanted = {
    clients: question.clients ?? USUAL_CLIENTS,
    vias: question.vias,
    families: question.families,
    load: doorLoad(question.traffic, '/check/traffic', request, snapshot),
  };
  const checked = mapWithProgress(asked, 'Service', (key) => checkService(sides, key, wanted));
  const viewOf = ({ cluster, settings }: Prepared, side: 'before' | 'after'): View => ({
    cluster,
    settings,
    services: asked,
    ...(question.services === undefined ? { wide: {} } : {}),
    doors: checked.flatMap((one) => one[side].map(({ door }) => door)),
  });
  const unknown = unknownPart(touched, question, checked);
  const isWithoutEffect =
    second === undefined &&
    touched.services.length === 0 &&
    unknown === undefined &&
    clients.findings.every(({ severity }) => severity === 'INFO');
  const found = [
    ...unknownFindings(unknown),
    ...ownFindings(touched, asked, omitted, question.maxServices ?? DEFAULT_MAX_SERVICES),
    ...(second === undefined
      ? findingsOfChanges(made, before.cluster, after.cluster)
      : sameSnapshots(snapshot.digest, second.digest)),
    ...(isWithoutEffect ? noServiceTouched(made) : []),
    ...clients.findings.filter(({ evidence: { service } }) => ofServices(question, service)),
    ...differenceFindings(viewOf(before, 'before'), viewOf(after, 'after'), thresholds),
  ];
  const counted = sortedFindings(found, request.findings);
  const { failOn = 'ERROR' } = question;
  const count = (severity: Finding['severity']) => counted.filter((one) => one.severity === severity).length;
  const result: CheckResult = {
    failOn,
    failed: fails(counted, failOn),
    ...(unknown === undefined ? {} : { unknown }),
    severities: { error: count('ERROR'), warning: count('WARNING'), info: count('INFO') },
    counts: {
      services: touched.total,
      touched: touched.services.length,
      asked: asked.length,
      skipped: touched.total - touched.services.length,
      omitted,
    },
    nodes: { added: touched.nodesAdded, removed: touched.nodesRemoved },
    services: checked.map((one) => withUnknown(one.checked, unknown)),
    ...reachFields(clients.changed),
    ...(second === undefined ? {} : { afterSnapshot: { digest: second.digest, counts: second.counts } }),
  };
  const assumptions = [...trafficAssumption(wanted.load), ...checked.flatMap((one) => one.assumptions)];
  const was = before.answer({ result, assumptions }, shownFindings(found, request.findings));
  const is = after.answer({ result, assumptions: [] }, []);
  const assumed = withoutRepetition([...was.assumptions, ...is.assumptions]);
  return summed('check', request, { ...was, changes: is.changes, assumptions: assumed });
}
