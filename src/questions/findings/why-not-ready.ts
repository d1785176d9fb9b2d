/** Why pods are not ready, from what the snapshot says of them: `2 wait for CrashLoopBackOff (container web)`. */
import type { Pod } from '../../cluster/objects.js';

interface State {
  readonly waiting?: { readonly reason?: string };
  readonly terminated?: { readonly reason?: string };
}

/** The reason of one pod, without its name, so that pods with the same one count together; undefined: it is ready. */
function reasonOf({ metadata, spec, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp) return 'being deleted';
  const conditions = status?.conditions ?? [];
  const isTrue = (type: string) => conditions.some((one) => one.type === type && one.status === 'True');
  if (isTrue('Ready')) return undefined;
  if (status?.phase === 'Pending' && !spec?.nodeName) return 'not scheduled to a node';
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state } of containers as readonly { readonly name?: unknown; readonly state?: unknown }[]) {
    const { waiting, terminated } = (Object(state) ?? {}) as State;
    if (typeof waiting?.reason === 'string') return `container ${String(name)} waiting: ${waiting.reason}`;
    if (typeof terminated?.reason === 'string' && terminated.reason !== 'Completed')
      return `container ${String(name)} ended: ${terminated.reason}`;
  }
  const gates = (spec as { readonly readinessGates?: unknown } | undefined)?.readinessGates;
  for (const gate of Array.isArray(gates) ? gates : []) {
    const { conditionType } = Object(gate) as { readonly conditionType?: unknown };
    if (typeof conditionType === 'string' && !isTrue(conditionType)) return `readiness gate ${conditionType} not met`;
  }
  const unready = (status?.containerStatuses ?? []).find(({ ready }) => ready === false);
  if (unready !== undefined) return `container ${unready.name} not ready`;
  if (!status?.podIP) return 'no address yet';
  return 'no condition Ready';
}

/**
 * `2 of 5 pods are not ready: container web waiting: CrashLoopBackOff`; undefined where all are ready, or there is
 * none.
 */
export function whyNotReady(pods: readonly Pod[]): string | undefined {
  const counts = new Map<string, number>();
  let unready = 0;
  for (const pod of pods) {
    const reason = reasonOf(pod);
    if (reason === undefined) continue;
    unready++;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  if (unready === 0) return undefined;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const [[only = ''] = []] = sorted;
  const why =
    sorted.length === 1
      ? only
      : sorted
          .slice(0, 3)
          .map(([reason, count]) => `${count} ${reason}`)
          .join(', ');
  const whole = pods.length === 1 ? 'its pod is' : `${unready} of ${pods.length} pods ${unready === 1 ? 'is' : 'are'}`;
  return `${whole} not ready (${why})`;
}
