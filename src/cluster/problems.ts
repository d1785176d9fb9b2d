import { type ErrorCode, MAX_PROBLEMS, type Problem, QuestionError } from '../base/errors.js';

/** Gathers what is wrong with a snapshot: the first {@link MAX_PROBLEMS} problems in full, the rest as a number. */
export class SnapshotProblems {
  readonly #listed: Problem[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** The problems that are reported in full. */
  get listed(): readonly Problem[] {
    return this.#listed;
  }

  /** Notes a problem. `file` names the file it is in, where a snapshot has several. */
  add(pointer: string, detail: string, file?: string): void {
    this.#total++;
    if (this.#listed.length < MAX_PROBLEMS) {
      this.#listed.push({ pointer, in: 'snapshot', detail: file === undefined ? detail : `${file}: ${detail}` });
    }
  }

  /** Throws QuestionError with everything noted so far, if anything was. */
  throwIfAny(code: ErrorCode = 'INVALID_SNAPSHOT'): void {
    if (this.#total === 0) return;
    const [first] = this.#listed;
    const message =
      this.#total === 1
        ? (first as Problem).detail
        : this.#total <= MAX_PROBLEMS
          ? `The snapshot has ${this.#total} problems.`
          : `The snapshot has ${this.#total} problems; the first ${MAX_PROBLEMS} are listed.`;
    throw new QuestionError(code, message, this.#listed);
  }
}

/** An error with one place in the snapshot. */
export function snapshotError(code: ErrorCode, pointer: string, detail: string, file?: string): QuestionError {
  const text = file === undefined ? detail : `${file}: ${detail}`;
  return new QuestionError(code, text, [{ pointer, in: 'snapshot', detail: text }]);
}

/** A value of the snapshot as it is quoted in a sentence: as JSON, cut where it is long. */
export function quoted(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
