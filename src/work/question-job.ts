import type { QuestionJob } from './job.js';

type Optional = 'held' | 'parts' | 'names';

/** The parts of a question's job; those that it need not have may be undefined. */
export type JobParts = Omit<QuestionJob, 'task' | Optional> & {
  readonly [K in Optional]?: QuestionJob[K] | undefined;
};

/** A question's job of its parts. Written out: copying whatever fields an object has takes several times as long. */
export function questionJob(given: JobParts): QuestionJob {
  const { kind, form, body, layout, segments, length, held, parts, names } = given;
  return {
    task: 'answer',
    kind,
    form,
    body,
    layout,
    segments,
    length,
    ...(held === undefined ? {} : { held }),
    ...(parts === undefined ? {} : { parts }),
    ...(names === undefined ? {} : { names }),
  };
}
