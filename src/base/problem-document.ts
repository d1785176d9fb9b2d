/** The fields of an RFC 9457 problem document, wherever it is: as the whole answer, or in the place of one. */
import type { Problem as ProblemDocument } from '../contract/gen/types.js';
import { ERROR_CODES, type Problem, type QuestionError } from './errors.js';

export type { ProblemDocument };

/**
 * The document of a code, of which `status` and `title` are always alike. Fields in the order in which they are read.
 */
export function documentOf(
  code: ProblemDocument['code'],
  { status, title }: { readonly status: number; readonly title: string },
  detail: string,
  problems: readonly Problem[] = [],
): ProblemDocument {
  return {
    type: `urn:kube-whatif:problem:${code}`,
    title,
    status,
    detail,
    code,
    errors: problems.map(({ pointer, in: document = 'request', detail: sentence }) => ({
      pointer,
      in: document,
      detail: sentence,
    })),
  };
}

/** The document of wrong input. */
export function documentOfError({ code, message, problems }: QuestionError): ProblemDocument {
  return documentOf(code, ERROR_CODES[code], message, problems);
}
