/** A change as scenes: moments from which on something is otherwise, each with what it waits for. */

import { fraction, multiply } from '../../base/fraction.js';
import { applyChanges } from '../../changes/index.js';
import { rolloutCourse } from '../../changes/rollout.js';
import { nodeZone } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { Assumption } from '../../cluster/settings.js';
import type { Change, ProbabilityQuestion, TimelineQuestion } from '../../contract/requests.js';
import { isReady } from '../../control-plane/pods.js';
import type { DoorOutcome } from '../findings/door.js';
import type { Prepared } from '../prepare.js';
import {
  balancerDelay,
  type Delay,
  detectDelay,
  evictDelay,
  graceDelay,
  preStopDelay,
  readyDelays,
  rulesDelay,
} from './delays.js';
import { alike, type Seen, seen, type View, withDeadNodes, withStopped } from './views.js';

/** From a moment on. */
export interface Scene {
  readonly at: number;
  readonly title: string;
  readonly delays: readonly Delay[];
  readonly views: readonly View[];
  /** Pods whose connections break at this moment. */
  readonly gone: ReadonlySet<string>;
}

export interface Course {
  readonly before: Seen;
  readonly scenes: readonly Scene[];
  /** Pods that the change brings. */
  readonly added: ReadonlySet<string>;
  readonly assumptions: readonly Assumption[];
  readonly unknown: string | undefined;
  /** A pod of any moment, by the name that views use. */
  podOf(key: string): Pod | undefined;
}

const NONE: ReadonlySet<string> = new Set();
const total = (delays: readonly Delay[]) => delays.reduce((sum, { seconds }) => sum + seconds, 0);

interface Setting {
  readonly prepared: Prepared;
  readonly question: ProbabilityQuestion;
  readonly times: NonNullable<TimelineQuestion['times']>;
  readonly at: number;
  readonly pointer: string;
}

function after(
  { prepared, at, pointer }: Setting,
  changes: readonly Change[],
  from = prepared,
): { readonly state: Prepared; readonly assumptions: readonly Assumption[] } {
  const changed = applyChanges(from.cluster, changes, { settings: from.settings, at }, pointer);
  return {
    state: {
      ...from,
      cluster: changed.cluster,
      settings: changed.settings,
      earlier: { cluster: prepared.cluster, settings: prepared.settings },
    },
    assumptions: changed.assumptions,
  };
}

const podsIn = ({ views }: Pick<Seen, 'views'>) => new Set(views.flatMap(({ shares }) => [...shares.keys()]));
const minus = (a: ReadonlySet<string>, b: ReadonlySet<string>) => new Set([...a].filter((one) => !b.has(one)));

/** A pod of the cluster by the name that views use. */
function podOf(keys: Iterable<string>, ...clusters: readonly Cluster[]): Pod | undefined {
  for (const key of keys) for (const { pods } of clusters) if (pods.has(key)) return pods.get(key);
  return undefined;
}

const count = (number: number, what = 'pod') => `${number} ${what}${number === 1 ? '' : 's'}`;
const areOf = (number: number) => (number === 1 ? 'is' : 'are');

/** Scenes in order of time; those at one moment become one, whose view is the last one's. */
function ordered(scenes: readonly Scene[]): readonly Scene[] {
  const sorted = scenes
    .map((scene, index) => ({ scene, index }))
    .sort((a, b) => a.scene.at - b.scene.at || a.index - b.index);
  const merged: Scene[] = [];
  for (const { scene } of sorted) {
    const last = merged.at(-1);
    if (last === undefined || scene.at - last.at > 1e-9) merged.push(scene);
    else {
      const delays = [
        ...last.delays,
        ...scene.delays.filter((one) => !last.delays.some((known) => JSON.stringify(known) === JSON.stringify(one))),
      ];
      merged[merged.length - 1] = {
        at: last.at,
        title: last.title === scene.title ? last.title : `${last.title}; ${scene.title}`,
        delays,
        views: scene.views,
        gone: new Set([...last.gone, ...scene.gone]),
      };
    }
  }
  return merged;
}

/**
 * Scenes after the rules changed, and once the health checks of a load balancer have found it, where that is another
 * thing.
 */
function settled(
  setting: Setting,
  at: number,
  title: string,
  delays: readonly Delay[],
  state: Prepared,
): readonly Scene[] {
  const { question, times } = setting;
  const end = seen(state, question);
  const check = balancerDelay(end.results, times);
  const early = check === undefined || check.seconds === 0 ? undefined : seen(state, question, 'BEFORE');
  if (check === undefined || early === undefined || alike(early.views, end.views))
    return [{ at, title, delays, views: end.views, gone: NONE }];
  return [
    { at, title, delays, views: early.views, gone: NONE },
    {
      at: at + check.seconds,
      title: 'load balancer knows',
      delays: [...delays, check],
      views: end.views,
      gone: NONE,
    },
  ];
}

/** Pods that go get the signal to stop at once; the rules send to them until they are rewritten. */
function leaving(
  setting: Setting,
  title: string,
  before: readonly View[],
  stopped: ReadonlySet<string>,
  rules: Delay,
  at = 0,
): readonly Scene[] {
  const hook = preStopDelay(podOf(stopped, setting.prepared.cluster), setting.times);
  const still: Scene = { at, title, delays: [], views: before, gone: NONE };
  if (hook.seconds >= rules.seconds) return [{ ...still, delays: [hook] }];
  const refuse = {
    title: 'rules lag',
    delays: [hook],
    views: withStopped(before, stopped),
    gone: NONE,
  };
  return hook.seconds === 0
    ? [{ ...still, ...refuse, title: `${title}; ${refuse.title}` }]
    : [still, { ...refuse, at: at + hook.seconds }];
}

/** Pods come, go, or both, on purpose: scaling, draining, deleting. */
function moved(setting: Setting, change: Change): Course {
  const { prepared, question, times } = setting;
  const before = seen(prepared, question);
  const { state, assumptions } = after(setting, [change]);
  const end = seen(state, question);
  const removed = minus(podsIn(before), podsIn(end));
  const added = minus(podsIn(end), podsIn(before));
  const rules = rulesDelay(prepared.cluster, prepared.settings, times);
  const scenes: Scene[] = [];
  const ready = readyDelays(podOf(added, state.cluster), times);
  const starting = added.size > 0 ? `${count(added.size, 'new pod')} ${areOf(added.size)} created` : '';
  if (removed.size > 0) {
    const title = `${count(removed.size)} ${areOf(removed.size)} stopping${starting === '' ? '' : `, ${starting}`}`;
    scenes.push(...leaving(setting, title, before.views, removed, rules));
    const stopping = [...removed].filter((key) => prepared.cluster.pods.has(key));
    const byNamespace = new Map<string, string[]>();
    for (const key of stopping) {
      const [namespace = '', name = ''] = key.split('/');
      byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), name]);
    }
    const terminating = [...byNamespace].map(
      ([namespace, names]) => ({ pods: { namespace, names, state: 'TERMINATING' } }) as Change,
    );
    const between = added.size === 0 || terminating.length === 0 ? state : after(setting, terminating).state;
    scenes.push(...settled(setting, rules.seconds, 'rules leave them out', [rules], between));
    const grace = graceDelay(podOf(removed, prepared.cluster), times);
    const last =
      added.size > 0 && total(ready) + rules.seconds > grace.seconds ? seen(between, question).views : end.views;
    scenes.push({
      at: Math.max(grace.seconds, rules.seconds),
      title:
        `${count(removed.size)} ${areOf(removed.size)} gone, with ${removed.size === 1 ? 'its' : 'their'} ` +
        'connections',
      delays: [grace],
      views: last,
      gone: removed,
    });
  } else {
    scenes.push({
      at: 0,
      title: starting === '' ? 'the change is made' : starting,
      delays: [],
      views: before.views,
      gone: NONE,
    });
  }
  if (added.size > 0)
    scenes.push(
      ...settled(setting, total(ready) + rules.seconds, 'new pods get connections', [...ready, rules], state),
    );
  else if (removed.size === 0) scenes.push(...settled(setting, rules.seconds, 'rules follow', [rules], state));
  return {
    ...{ before, scenes: ordered(scenes), added, assumptions, unknown: before.unknown ?? end.unknown },
    podOf: (key) => podOf([key], prepared.cluster, state.cluster),
  };
}

/** Nodes are down from one moment on: nothing announces it. */
/** What is left of a way in, where a load balancer does not send to nodes that are down. */
function entering(outcome: DoorOutcome, dead: ReadonlySet<string>): readonly DoorOutcome[] {
  const { entries, share } = outcome;
  if (entries === undefined) return [outcome];
  const left = entries.filter((node) => !dead.has(node));
  if (left.length === 0) return [];
  return [{ ...outcome, entries: left, share: multiply(share, fraction(left.length, entries.length)) }];
}

function failed(setting: Setting, change: Change, dead: ReadonlySet<string>, what: string): Course {
  const { prepared, question, times } = setting;
  const { cluster, settings } = prepared;
  const before = seen(prepared, question);
  const { state, assumptions } = after(setting, [change]);
  const end = seen(state, question);
  const keys = new Map<string, string>();
  for (const { endpoints } of before.results)
    for (const { address, port, pod } of endpoints) keys.set(`${address} ${port}`, pod ?? `${address}:${port}`);
  const unnoticed = withDeadNodes(before, dead, (address, port) => keys.get(`${address} ${port}`));
  const isDead = (key: string) => dead.has(cluster.pods.get(key)?.spec?.nodeName ?? '');
  const gone = new Set([...podsIn(before)].filter(isDead));
  const [detect, rules] = [detectDelay(cluster, settings, times), rulesDelay(cluster, settings, times)];
  const marked = detect.seconds + rules.seconds;
  const scenes: Scene[] = [{ at: 0, title: `${what} down, unnoticed`, delays: [], views: unnoticed, gone }];
  const check = balancerDelay(before.results, times);
  if (check !== undefined && check.seconds < marked) {
    // The load balancer takes the nodes out; the rules of the others still send to their pods.
    const around = {
      ...before,
      doors: before.doors.map((door) => ({
        ...door,
        from: door.from.map((one) => ({
          ...one,
          outcomes: one.outcomes.flatMap((outcome) => entering(outcome, dead)),
        })),
      })),
    };
    const views = withDeadNodes(around, dead, (address, port) => keys.get(`${address} ${port}`));
    scenes.push({ at: check.seconds, title: 'load balancer knows', delays: [check], views, gone: NONE });
    scenes.push({
      at: marked,
      title: 'rules leave its pods out',
      delays: [detect, rules],
      views: end.views,
      gone: NONE,
    });
  } else
    scenes.push(
      ...(check === undefined
        ? [{ at: marked, title: 'rules leave its pods out', delays: [detect, rules], views: end.views, gone: NONE }]
        : settled(setting, marked, 'rules leave its pods out', [detect, rules], state)),
    );
  let added: ReadonlySet<string> = NONE;
  const clusters = [cluster, state.cluster];
  const replaced = withReschedule(change);
  if (replaced !== undefined) {
    const evicted = after(setting, [replaced]);
    clusters.push(evicted.state.cluster);
    const later = seen(evicted.state, question);
    added = minus(podsIn(later), podsIn(before));
    if (added.size > 0) {
      const evict = evictDelay(podOf(gone, cluster), times);
      const ready = readyDelays(podOf(added, evicted.state.cluster), times);
      const at = detect.seconds + evict.seconds;
      scenes.push({
        at,
        title: `${count(added.size)} ${areOf(added.size)} created elsewhere`,
        delays: [detect, evict],
        views: end.views,
        gone: NONE,
      });
      scenes.push({
        at: at + total(ready) + rules.seconds,
        title: 'new pods get connections',
        delays: [detect, evict, ...ready, rules],
        views: later.views,
        gone: NONE,
      });
    }
  }
  return {
    ...{ before, scenes: ordered(scenes), added, assumptions, unknown: before.unknown ?? end.unknown },
    podOf: (key) => podOf([key], ...clusters),
  };
}

/** The same failure once its pods have been replaced; undefined where the request says that they are not. */
function withReschedule({ node, zone }: Change): Change | undefined {
  if (node?.reschedule !== undefined || zone?.reschedule !== undefined) return undefined;
  if (node !== undefined) return { node: { ...node, reschedule: true } } as Change;
  return zone === undefined ? undefined : ({ zone: { ...zone, reschedule: true } } as Change);
}

/** A rollout from its first pod to its last. */
function rolledOut(setting: Setting, change: NonNullable<Change['rollout']>): Course {
  const { prepared, question, times, at, pointer } = setting;
  const before = seen(prepared, question);
  const course = rolloutCourse(prepared.cluster, change, { settings: prepared.settings, at }, `${pointer}/0/rollout`);
  const rules = rulesDelay(prepared.cluster, prepared.settings, times);
  const scenes: Scene[] = [];
  const old = podsIn(before);
  const added = new Set<string>();
  const stoppedBefore = new Set<string>();
  let [time, views, unknown] = [0, before.views, before.unknown];
  let waited: readonly Delay[] = [];
  for (let index = 0; index < course.states.length; ) {
    // What the controller does without waiting is one moment.
    let last = index;
    while (last + 1 < course.states.length && course.states[last + 1]?.action !== 'READY') last++;
    const cluster = course.clusterAt(last);
    const state: Prepared = {
      ...prepared,
      cluster,
      earlier: { cluster: prepared.cluster, settings: prepared.settings },
    };
    const now = seen(state, question);
    unknown ??= now.unknown;
    for (const key of podsIn(now)) if (!old.has(key)) added.add(key);
    const stopped = new Set(
      [...podsIn({ views })].filter(
        (key) =>
          !stoppedBefore.has(key) &&
          !(
            cluster.pods.get(key) !== undefined &&
            isReady(cluster.pods.get(key) as Pod) &&
            cluster.pods.get(key)?.metadata.deletionTimestamp === undefined
          ),
      ),
    );
    for (const key of stopped) stoppedBefore.add(key);
    const { newReady = 0, oldReady = 0 } = course.states[last] ?? {};
    const words = `ready ${oldReady} old, ${newReady} new${stopped.size > 0 ? `; ${stopped.size} stop` : ''}`;
    if (stopped.size > 0) {
      const [first, ...more] = leaving(setting, words, views, stopped, rules, time);
      // Their clients open connections anew by the rules of now, without them.
      if (first !== undefined)
        scenes.push(
          {
            ...first,
            delays: [...waited, ...first.delays],
            views: withStopped(views, stopped).map((view, number) => ({
              ...view,
              lost: first.views[number]?.lost ?? view.lost,
            })),
            gone: stopped,
          },
          ...more,
        );
    } else scenes.push({ at: time, title: words, delays: waited, views, gone: NONE });
    if (!alike(views, now.views))
      scenes.push({
        at: time + rules.seconds,
        title: 'rules follow',
        delays: [...waited, rules],
        views: now.views,
        gone: NONE,
      });
    views = now.views;
    index = last + 1;
    if (index < course.states.length) {
      waited = readyDelays(
        podOf(added, cluster) ??
          [...cluster.pods.values()].find(
            (pod) => !isReady(pod) && !old.has(`${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`),
          ),
        times,
      );
      const more = course.states[index] === undefined ? 0 : minReady(cluster, change);
      const wait: readonly Delay[] =
        more === 0
          ? []
          : [{ what: 'minReadySeconds', seconds: more, source: 'SNAPSHOT', detail: "of the workload's spec" }];
      waited = [...waited, ...wait];
      time += total(waited);
    }
  }
  const stalled = course.stalled === undefined ? undefined : `The roll-out cannot go on: ${course.stalled}.`;
  const final = course.states.length === 0 ? prepared.cluster : course.clusterAt(course.states.length - 1);
  return {
    ...{ before, scenes: ordered(scenes), added, assumptions: course.assumptions, unknown: unknown ?? stalled },
    podOf: (key) => podOf([key], prepared.cluster, final),
  };
}

function minReady(cluster: Cluster, { kind, namespace, name }: NonNullable<Change['rollout']>): number {
  const spec = cluster.workloads.get(`${kind}/${namespace}/${name}`)?.spec as
    | { readonly minReadySeconds?: number }
    | undefined;
  return spec?.minReadySeconds ?? 0;
}

/** The scenes of a change. Throws QuestionError as the change does. */
export function courseOf(setting: Setting, change: Change): Course {
  const { node, zone, rollout } = change;
  if (rollout !== undefined) return rolledOut(setting, rollout);
  if (node?.action === 'FAIL') return failed(setting, change, new Set([node.name]), `node ${node.name}`);
  if (zone?.action === 'FAIL') {
    const dead = [...setting.prepared.cluster.nodes.values()]
      .filter((one) => nodeZone(one) === zone.name)
      .map(({ metadata }) => metadata.name);
    return failed(setting, change, new Set(dead), `zone ${zone.name}`);
  }
  return moved(setting, change);
}
