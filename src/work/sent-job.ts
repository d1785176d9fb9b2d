/**
 * Jobs as they cross to a thread. Plain objects cross slowly, each of their keys as a text; most questions differ in
 * their bytes alone. What else there is to say of one is a text, which the thread has read before.
 */
import type { Job, QuestionJob } from './job.js';
import { questionJob } from './question-job.js';

/** A job in a thread's mailbox, with the cell and the number of its ticket. A message has one or several. */
export type SentJob = readonly [
  cell: number,
  number: number,
  job: string | Job,
  segment?: ArrayBuffer | undefined,
  length?: number,
];

/** What is said of a question beside its bytes. */
type About = Omit<QuestionJob, 'segments' | 'length' | 'parts' | 'names'> & {
  readonly names?: readonly (readonly [name: string, digest: string])[];
};

function isPlain(job: Job): job is QuestionJob {
  return (
    job.task === 'answer' &&
    job.parts === undefined &&
    job.segments.length === 1 &&
    (job.held === undefined || job.held.every(({ bytes }) => bytes === undefined))
  );
}

export function packJob(job: Job, cell: number, number: number): SentJob {
  if (!isPlain(job)) return [cell, number, job];
  const { task, kind, form, body, layout, held, names, segments, length } = job;
  const about: About = {
    task,
    kind,
    form,
    body,
    layout,
    ...(held === undefined ? {} : { held }),
    ...(names === undefined ? {} : { names: [...names] }),
  };
  return [cell, number, JSON.stringify(about), segments[0], length];
}

/** Texts that a thread remembers: there are few, unless names of snapshots are many. */
const REMEMBERED = 100;

/** The thread's side. */
export class Unpacker {
  readonly #known = new Map<string, Omit<QuestionJob, 'segments' | 'length'>>();

  #about(text: string): Omit<QuestionJob, 'segments' | 'length'> {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const { names, ...rest } = JSON.parse(text) as About;
    const about = names === undefined ? rest : { ...rest, names: new Map(names) };
    if (this.#known.size === REMEMBERED) this.#known.clear();
    this.#known.set(text, about);
    return about;
  }

  job([, , job, segment, length = 0]: SentJob): Job {
    if (typeof job !== 'string') return job;
    const { kind, form, body, layout, held, names } = this.#about(job);
    const segments = segment === undefined ? [] : [segment];
    return questionJob({ kind, form, body, layout, segments, length, held, names });
  }
}
