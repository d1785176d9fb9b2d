import { QuestionError } from '../base/errors.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import { requirePod } from '../cluster/lookup.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import type { Assumption } from '../cluster/settings.js';
import type { PodsChange } from '../contract/requests.js';
import { terminated, withReadiness } from '../control-plane/pod-state.js';
import { controllerOf, isTerminal, isTerminating } from '../control-plane/pods.js';
import type { ChangeContext, ChangeKind, ChangeResult, Consequence } from './change.js';
import { impossible } from './refused-change.js';
import { settle } from './settle.js';

/** At most this many names in an assumption. */
const NAMED = 10;

interface Chosen {
  readonly pod: Pod;
  readonly pointer: string;
}

function choose(cluster: Cluster, change: PodsChange, pointer: string): Chosen[] {
  const { namespace, names, selector } = change;
  if ((names === undefined) === (selector === undefined)) {
    const found = names === undefined ? 'none of them' : 'both';
    throw impossible(pointer, `Exactly one of names and selector says which pods; found ${found}.`);
  }
  if (names !== undefined) {
    const chosen = names.map((name, index) => {
      const place = `${pointer}/names/${index}`;
      return { pod: requirePod(cluster, namespace, name, place), pointer: place };
    });
    return [...new Map(chosen.map((one) => [one.pod, one])).values()];
  }
  const matching = cluster
    .podsIn(namespace)
    .filter((pod) => !isTerminal(pod) && matchesSelector(pod.metadata.labels, selector));
  if (matching.length > 0) return matching.map((pod) => ({ pod, pointer: `${pointer}/selector` }));
  const held = cluster.podsIn(namespace).length;
  const detail =
    `No pod of namespace ${namespace} that has not ended matches the selector; the snapshot holds ${held} pods ` +
    'there.';
  throw new QuestionError('NOT_FOUND', detail, [{ pointer: `${pointer}/selector`, in: 'request', detail }]);
}

function checkReady({ pod, pointer }: Chosen): void {
  const name = `Pod ${namespacedName(pod)}`;
  if (isTerminal(pod)) throw impossible(pointer, `${name} has ended (${pod.status?.phase}) and cannot become ready.`);
  if (isTerminating(pod)) throw impossible(pointer, `${name} is being deleted and cannot become ready.`);
  if (!pod.spec?.nodeName || podAddresses(pod).length === 0) {
    throw impossible(pointer, `${name} has no ${pod.spec?.nodeName ? 'address' : 'node'} yet and cannot become ready.`);
  }
}

const DETAILS: Readonly<Record<PodsChange['state'], string>> = {
  READY: 'ready',
  NOT_READY: 'not ready',
  TERMINATING: 'being deleted',
  DELETED: 'deleted',
};

function changed(chosen: Chosen, state: PodsChange['state'], at: number): Pod | undefined {
  if (state === 'DELETED') return undefined;
  if (state === 'TERMINATING') return terminated(chosen.pod, at);
  if (state === 'READY') checkReady(chosen);
  return withReadiness(chosen.pod, state === 'READY', at);
}

function apply(cluster: Cluster, change: PodsChange, context: ChangeContext, pointer: string): ChangeResult {
  const { state } = change;
  const edit = new Map<string, Pod | undefined>();
  const touched: Pod[] = [];
  const consequences: Consequence[] = [];
  for (const chosen of choose(cluster, change, pointer)) {
    const { pod } = chosen;
    const after = changed(chosen, state, context.at);
    if (after === pod) continue;
    const key = namespacedName(pod);
    edit.set(key, after);
    touched.push(pod);
    consequences.push({
      kind: after === undefined ? 'POD_REMOVED' : 'POD_CHANGED',
      object: key,
      detail: pod.spec?.nodeName ? `${DETAILS[state]} on ${pod.spec.nodeName}` : DETAILS[state],
    });
  }
  const replaced =
    state === 'DELETED' || state === 'TERMINATING' ? touched.filter((pod) => controllerOf(pod) !== undefined) : [];
  const assumptions: Assumption[] =
    replaced.length === 0
      ? []
      : [
          {
            field: 'changes.pods',
            value: replaced.slice(0, NAMED).map(namespacedName),
            why:
              `Their controllers replace ${replaced.length} of these pods: the answer is about the moment ` +
              'before a replacement is ready.',
          },
        ];
  const done = settle(cluster, cluster.with({ pods: edit }), { pods: touched }, context);
  return {
    cluster: done.cluster,
    choices: [],
    consequences: [...consequences, ...done.consequences],
    assumptions: [...assumptions, ...done.assumptions],
  };
}

/** `pods`: pods become ready or not, are being deleted or are gone; slices follow. */
export const pods: ChangeKind<'pods'> = {
  key: 'pods',
  schema: 'PodsChange',
  summary: 'pods become ready, not ready, are being deleted or gone',
  example: { namespace: 'default', selector: { matchLabels: { app: 'nginx' } }, state: 'TERMINATING' },
  describe: ({ namespace, names, selector, state }) =>
    `pods ${names?.join(', ') ?? JSON.stringify(selector)} of ${namespace} become ${state}`,
  apply,
};
