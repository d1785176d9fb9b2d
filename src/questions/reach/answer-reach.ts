/**
 * reach: who reaches whom? Every workload to every Service, or to every workload, of some namespaces or of the cluster.
 */
import { pointer, QuestionError } from '../../base/errors.js';
import type { Cluster } from '../../cluster/cluster.js';
import { type RunningWorkload, runningWorkloads } from '../../cluster/running-workloads.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Answer, Finding, Probability, ReachPair, ReachResult } from '../../contract/answers.js';
import type { QuestionRequest, ReachQuestion } from '../../contract/requests.js';
import { finding } from '../findings/finding.js';
import { shownFindings } from '../findings/index.js';
import { changesWithoutEffect } from '../findings/no-effect.js';
import type { Prepared } from '../prepare.js';
import { summed } from '../summaries/index.js';
import { requireWalkable } from '../walk-limits.js';
import { withoutRepetition } from '../without-repetition.js';
import { keyOf, pairChanges, pairFindings, sourceName } from './pair-changes.js';
import { pairOf } from './reach-pair.js';
import { reachTable } from './reach-table.js';
import { type ReachTarget, serviceTargets, workloadTargets } from './reach-targets.js';

/** How many pairs are answered unless the request says otherwise. */
const DEFAULT_PAIRS = 40_000;

type Side = Pick<Prepared, 'cluster' | 'settings'>;

/** What is asked about in one state of the cluster. */
interface Asked {
  readonly sources: readonly RunningWorkload[];
  readonly targets: readonly ReachTarget[];
  readonly withoutPorts: readonly string[];
}

const EVERYWHERE = '*';

/** Namespaces as a set; undefined: all. Throws NOT_FOUND for one that neither holds a pod nor a Service on any side. */
function namespacesOf(
  names: readonly string[] | undefined,
  clusters: readonly Cluster[],
  at: string,
): ReadonlySet<string> | undefined {
  if (names === undefined || names.includes(EVERYWHERE)) return undefined;
  const present = new Set<string>();
  for (const { pods, services } of clusters) {
    for (const { metadata } of [...pods.values(), ...services.values()]) present.add(metadata.namespace ?? 'default');
  }
  for (const [index, name] of names.entries()) {
    if (present.has(name)) continue;
    const detail = `The snapshot holds no pod and no Service of namespace "${name}".`;
    throw new QuestionError('NOT_FOUND', detail, [{ pointer: pointer('reach', at, String(index)), detail }]);
  }
  return new Set(names);
}

function askedOf(cluster: Cluster, question: ReachQuestion, clusters: readonly Cluster[]): Asked {
  const namespaces = namespacesOf(question.namespaces, clusters, 'namespaces');
  const clients =
    question.fromNamespaces === undefined
      ? namespaces
      : namespacesOf(question.fromNamespaces, clusters, 'fromNamespaces');
  const all = runningWorkloads(cluster);
  const sources = all.filter(({ namespace }) => clients?.has(namespace) ?? true);
  if (question.to !== 'WORKLOADS') {
    return { sources, targets: serviceTargets(cluster, namespaces, question), withoutPorts: [] };
  }
  return {
    sources,
    ...workloadTargets(
      all.filter(({ namespace }) => namespaces?.has(namespace) ?? true),
      question,
    ),
  };
}

/** Throws INVALID_REQUEST for fields that do not go together, NOT_FOUND for a Service that is there on no side. */
function checkQuestion({ to, services, port, protocol }: ReachQuestion, clusters: readonly Cluster[]): void {
  const refuse = (field: string, detail: string) => {
    throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: `/reach/${field}`, detail }]);
  };
  if (to === 'WORKLOADS' && services !== undefined) refuse('services', 'Services are named, and "to" is WORKLOADS.');
  if (to !== 'WORKLOADS' && port !== undefined)
    refuse('port', 'A port is for "to": "WORKLOADS": Services have ports of their own.');
  if (port === undefined && protocol !== undefined) refuse('protocol', 'A protocol goes with a port.');
  for (const [index, name] of (services ?? []).entries()) {
    if (clusters.some((cluster) => cluster.services.has(name))) continue;
    const detail = `Service "${name}" is not in the cluster.`;
    throw new QuestionError('NOT_FOUND', detail, [{ pointer: `/reach/services/${index}`, detail }]);
  }
}

function countsOf(pairs: readonly ReachPair[], removed: number, omitted: number): ReachResult['counts'] {
  const isAll = (share: Probability | undefined) => share !== undefined && share.fraction === '1';
  const counts = { delivered: 0, denied: 0, lost: 0, unknown: 0, partly: 0 };
  const changes = { CUT: 0, OPENED: 0, OTHER: 0, ADDED: 0, SAME: 0, UNKNOWN: 0 };
  let isCompared = false;
  for (const { delivered, denied, lost, unknown, change } of pairs) {
    if (unknown !== undefined) counts.unknown += 1;
    else if (isAll(delivered)) counts.delivered += 1;
    else if (isAll(denied)) counts.denied += 1;
    else if (isAll(lost)) counts.lost += 1;
    else counts.partly += 1;
    if (change === undefined) continue;
    isCompared = true;
    changes[change] += 1;
  }
  const { CUT: cut, OPENED: opened, OTHER: other, ADDED: added, UNKNOWN: changeUnknown } = changes;
  return {
    pairs: pairs.length,
    ...counts,
    omitted,
    ...(isCompared ? { cut, opened, other, added, removed, changeUnknown } : {}),
  };
}

/** As many targets as the wanted number of pairs has room for, at least one. */
function limited(targets: readonly ReachTarget[], sources: number, most: number): readonly ReachTarget[] {
  return targets.slice(0, Math.max(1, Math.floor(most / Math.max(1, sources))));
}

const targetKey = ({ name, family }: ReachTarget) => `${name} ${family}`;

/**
 * The targets before a change: of those that are there after it the ones that are answered, and as many that are gone
 * as there is room for. A pair that is left out on one side alone would look as if the change added or removed it.
 */
function targetsBefore(
  { targets: all, sources }: Asked,
  after: Pick<Asked, 'targets'>,
  answered: readonly ReachTarget[],
  most: number,
): readonly ReachTarget[] {
  const [stay, kept] = [new Set(after.targets.map(targetKey)), new Set(answered.map(targetKey))];
  const there = all.filter((one) => kept.has(targetKey(one)));
  const room = Math.floor(most / Math.max(1, sources.length)) - there.length;
  return [...there, ...all.filter((one) => !stay.has(targetKey(one))).slice(0, Math.max(0, room))];
}

function omittedFinding(asked: number, omitted: number, most: number): Finding[] {
  if (omitted === 0) return [];
  const message =
    `${asked + omitted} pairs are wanted, of which ${asked} are answered: more than maxPairs ${most}. Name ` +
    'namespaces or Services.';
  return [finding('CHECK_INCOMPLETE', message, { touched: asked + omitted, asked, omitted })];
}

/**
 * Answers who reaches whom, with changes before and after. Throws QuestionError for names and values that are wrong.
 */
export function answerReach(prepared: Prepared, request: QuestionRequest): Answer<ReachResult> {
  const question: ReachQuestion = request.reach ?? {};
  const { cluster, settings, earlier, changes } = prepared;
  const clusters = [cluster, ...(earlier === undefined ? [] : [earlier.cluster])];
  checkQuestion(question, clusters);
  const most = question.maxPairs ?? DEFAULT_PAIRS;
  const asked = askedOf(cluster, question, clusters);
  const targets = limited(asked.targets, asked.sources.length, most);
  const keys = targets.flatMap(({ service }) =>
    service === undefined ? [] : [`${service.namespace}/${service.name}`],
  );
  requireWalkable(cluster, keys, '/reach');
  const sideOf = (side: Side, { sources }: Asked, wanted: readonly ReachTarget[]) =>
    reachTable({ ...prepared, ...side }, sources, wanted);
  const table = sideOf({ cluster, settings }, asked, targets);
  const was = earlier === undefined ? undefined : askedOf(earlier.cluster, question, clusters);
  const before =
    was === undefined || earlier === undefined
      ? undefined
      : sideOf(earlier, was, targetsBefore(was, asked, targets, most));
  const byKey = before === undefined ? undefined : new Map(before.pairs.map((pair) => [keyOf(pair), pair]));
  const pairs = table.pairs.map((pair) => pairOf(pair, byKey));
  const now = new Set(before === undefined ? [] : table.pairs.map(keyOf));
  const removed = before?.pairs.filter((pair) => !now.has(keyOf(pair))).length ?? 0;
  const omitted = (asked.targets.length - targets.length) * asked.sources.length;
  const { withoutPorts } = asked;
  const portless: Assumption[] =
    withoutPorts.length === 0
      ? []
      : [
          {
            field: 'reach.port',
            value: withoutPorts,
            why:
              'No container of these workloads declares a port: they are left out as targets. Give a port to ' +
              'ask about them.',
          },
        ];
  const result: ReachResult = {
    to: question.to ?? 'SERVICES',
    sources: asked.sources.map((one) => ({
      ...{ from: sourceName(one), kind: one.kind, namespace: one.namespace, name: one.name, pods: one.pods.length },
    })),
    targets: targets.map(({ name, family, service, workload, port, portName, protocol }) => ({
      ...{ to: name, family, protocol },
      ...(service === undefined ? {} : { service }),
      ...(workload === undefined ? {} : { workload }),
      ...(port === undefined ? {} : { port }),
      ...(portName === undefined ? {} : { portName }),
    })),
    enforcement: {
      enforced: table.enforcement.enforced,
      ...(table.enforcement.by === undefined ? {} : { by: table.enforcement.by.name }),
      why: table.enforcement.why,
    },
    pairs,
    counts: countsOf(pairs, removed, omitted),
  };
  const found = [
    ...omittedFinding(pairs.length, omitted, most),
    ...changesWithoutEffect(changes),
    ...(before === undefined ? [] : pairFindings(pairChanges(before.pairs, table.pairs), { cluster, settings })),
  ];
  const assumptions = withoutRepetition([...portless, ...table.assumptions]);
  return summed('reach', request, prepared.answer({ result, assumptions }, shownFindings(found, request.findings)));
}
