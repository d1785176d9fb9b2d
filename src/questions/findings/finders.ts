import type { Cluster } from '../../cluster/cluster.js';
import type { Settings } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import type { Door } from './door.js';
import type { Thresholds } from './wanted.js';

/** One state of the cluster, as far as a question is about it. */
export interface View {
  readonly cluster: Cluster;
  readonly settings: Settings;
  /** `namespace/name` of the Services that the question is about. */
  readonly services: readonly string[];
  readonly doors: readonly Door[];
  /**
   * Present where the question is about the whole cluster, or all of some namespaces, and not about certain
   * connections.
   */
  readonly wide?: { readonly namespaces?: ReadonlySet<string> };
}

/** Finds something in one state. A pure function. */
export type StateFinder = (view: View, thresholds: Thresholds) => readonly Finding[];

/** Finds something in what lies between two states. A pure function. */
export type DifferenceFinder = (before: View, after: View, thresholds: Thresholds) => readonly Finding[];
