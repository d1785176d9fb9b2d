import type { QuestionError } from '../base/errors.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Assumption, Settings } from '../cluster/settings.js';
import type { AppliedChanges } from '../contract/gen/types.js';
import type { Change } from '../contract/requests.js';

/** A decision that Kubernetes makes at random, or that the request leaves open. */
export type Choice = AppliedChanges[number]['choices'][number];
/** One thing that the change does to the cluster, in a sentence. */
export type Consequence = AppliedChanges[number]['consequences'][number];

/** An object that the API server refuses. */
export interface Refusal {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** JSON Pointer of the object in the request. */
  readonly place: string;
  readonly error: QuestionError;
}

/** An object as the API server stores it, before controllers act on it. */
export interface StoredObject {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly outcome: 'CREATED' | 'CONFIGURED' | 'UNCHANGED';
  readonly object: Readonly<Record<string, unknown>>;
}

/** What a change may look at beside the cluster. */
export interface ChangeContext {
  readonly settings: Settings;
  /** The moment at which the change is made, milliseconds since 1970: ages are counted from it. */
  readonly at: number;
  /** Takes what is refused, so that the rest is made. Absent: the first refusal is thrown. */
  readonly refused?: (refusal: Refusal) => void;
  /** Takes each object that was applied, as it is stored. */
  readonly stored?: (object: StoredObject) => void;
}

export interface ChangeResult {
  readonly cluster: Cluster;
  /** Absent: the settings stay as they are. */
  readonly settings?: Settings;
  readonly choices: readonly Choice[];
  readonly consequences: readonly Consequence[];
  readonly assumptions: readonly Assumption[];
}

/** The keys that a request's `changes` may have. */
export type ChangeKey = keyof Change;
/** What a change of one kind says. */
type ChangeOf<Key extends ChangeKey> = NonNullable<Change[Key]>;

/** One kind of change, whole: each is in a file of its own, and changes/index.ts lists them. */
export interface ChangeKind<Key extends ChangeKey> {
  /** The key that names it in a request's `changes`. */
  readonly key: Key;
  /** The name of its schema in openapi/kube-whatif.yaml. */
  readonly schema: `${Capitalize<Key>}Change`;
  /** What happens, in one clause, for lists of changes. */
  readonly summary: string;
  /** One that can be made on examples/article-gke.json. */
  readonly example: ChangeOf<Key>;
  /** The change as a person would say it: `scale Deployment default/web to 4`. */
  describe(change: ChangeOf<Key>): string;
  /**
   * Makes the change. `at` is the JSON Pointer of the change in the request, for errors.
   * Throws QuestionError NOT_FOUND or IMPOSSIBLE_CHANGE.
   */
  apply(cluster: Cluster, change: ChangeOf<Key>, context: ChangeContext, pointer: string): ChangeResult;
}
