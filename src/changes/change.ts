import type { Cluster } from '../cluster/cluster.js';
import type { Assumption, Settings } from '../cluster/settings.js';

/** What a change may look at beside the cluster. */
export interface ChangeContext {
  readonly settings: Settings;
  /** The moment at which the change is made, milliseconds since 1970: ages are counted from it. */
  readonly at: number;
}

/** A decision that Kubernetes takes at random, or that the request left open: what was taken and what else could be. */
export interface Choice {
  /** What was decided, e.g. `pod removed by ReplicaSet default/web-5d` or `node of new pod default/web-1`. */
  readonly what: string;
  readonly taken: string;
  /** Empty: nothing else was possible. */
  readonly alternatives: readonly string[];
  readonly why: string;
}

/** One thing the change did to the cluster, told in a sentence. */
export interface Consequence {
  readonly kind:
    | 'OBJECT_CREATED'
    | 'OBJECT_CONFIGURED'
    | 'OBJECT_UNCHANGED'
    | 'OBJECT_IGNORED'
    | 'POD_ADDED'
    | 'POD_CHANGED'
    | 'POD_REMOVED'
    | 'POD_NOT_PLACED'
    | 'SLICE_CHANGED'
    | 'WORKLOAD_CHANGED'
    | 'ROLLOUT_STATE'
    | 'SERVICE_CHANGED'
    | 'NODE_ADDED'
    | 'NODE_CHANGED'
    | 'NODE_REMOVED'
    | 'SETTINGS_CHANGED';
  readonly object: string;
  readonly detail: string;
}

export interface ChangeResult {
  readonly cluster: Cluster;
  /** Absent: the settings stay as they are. */
  readonly settings?: Settings;
  readonly choices: readonly Choice[];
  readonly consequences: readonly Consequence[];
  readonly assumptions: readonly Assumption[];
}

/** One kind of change. Each stands in a file of its own; changes/index.ts lists them. */
export interface ChangeKind<T> {
  /** The key that names it in a request's `changes`. */
  readonly key: string;
  /**
   * Makes the change. `at` is the JSON Pointer of the change in the request, for errors.
   * Throws QuestionError NOT_FOUND or IMPOSSIBLE_CHANGE.
   */
  apply(cluster: Cluster, change: T, context: ChangeContext, pointer: string): ChangeResult;
}
