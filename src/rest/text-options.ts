/** What the query of a request says of how its answer is laid out. */
import type { RenderOptions } from '../reports/render.js';
import { VIEW_WORDS, type ViewWord, viewOf } from '../reports/view.js';
import { ProblemError } from '../work/problem.js';

type Query = Readonly<Record<string, unknown>>;

function wrong(detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail });
}

function isPretty({ pretty: value }: Query): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  throw wrong('The query parameter "pretty" takes no value, "true" or "false".');
}

function whole(query: Query, name: string, least: number, most: number): number | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw wrong(`The query parameter "${name}" is an integer from ${least} to ${most}.`);
}

function words({ show }: Query): readonly ViewWord[] {
  if (show === undefined) return [];
  const given = (Array.isArray(show) ? show : [show]).flatMap((text) => String(text).split(','));
  for (const word of given) {
    if (!(VIEW_WORDS as readonly string[]).includes(word)) {
      throw wrong(
        `The query parameter "show" takes ${VIEW_WORDS.join(', ')}, with commas between, not ${word || 'nothing'}.`,
      );
    }
  }
  return given as ViewWord[];
}

/** Throws ProblemError INVALID_REQUEST that says what a parameter takes. */
export function textOptions(query: unknown): RenderOptions {
  const given = query as Query;
  const width = whole(given, 'width', 40, 1000);
  const trace = whole(given, 'trace', 1, 1000);
  return {
    ...(isPretty(given) ? { indent: 2 } : {}),
    ...(width === undefined ? {} : { width }),
    view: viewOf(words(given), trace),
  };
}
