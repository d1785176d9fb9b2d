/**
 * Who answers questions: a server over its documented REST interface, or the same engine in a worker of this browser.
 */
import type { Body, HeldSnapshot, Kind, NamedSnapshots, Problem } from './types.js';

export interface SnapshotFile {
  readonly name: string;
  /** As it was given, perhaps compressed. */
  readonly file: Blob;
}

/** The forms of an answer, as the query parameter `form` names them. */
export type Form = 'json' | 'text' | 'markdown' | 'csv';

export interface Engine {
  readonly where: 'SERVER' | 'BROWSER';
  /** The answer's text. Throws {@link Refused}, {@link Unreachable}, or what the signal throws. */
  ask(kind: Kind, body: Body, form: Form, signal?: AbortSignal): Promise<string>;
  /** Has the files held as one snapshot. `progress` gets parts of 1. Throws as `ask` does. */
  hold(digest: string, files: readonly SnapshotFile[], progress: (part: number) => void): Promise<HeldSnapshot>;
  /** Whether questions can name this snapshot by its digest. Throws {@link Unreachable}. */
  holds(digest: string): Promise<boolean>;
  /** The names that snapshots were sent under. Throws as `ask` does. */
  names(): Promise<readonly NamedSnapshots[]>;
}

/** The engine answered with a problem document. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer came. */
export class Unreachable extends Error {
  constructor() {
    super('The server does not answer. It may have been stopped, or the network is down.');
  }
}
