/** Names of snapshots that a server has, as words of the command line: `@prod`, `@prod@-1`. */
import type { QuestionRequest } from '../contract/requests.js';
import { readReference } from '../snapshots/name.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';

/**
 * The name in a word such as `@prod@-1`; undefined where the word is a file. Throws QuestionError for one that cannot
 * be a name.
 */
function nameIn(word: string): string | undefined {
  if (!word.startsWith('@')) return undefined;
  const name = word.slice(1);
  readReference(name);
  return name;
}

/** The name that the only value of an option is. Throws UsageError for a name among several values. */
function onlyName(args: Arguments, option: 'snapshot' | 'after'): string | undefined {
  const words = args.all(option);
  const names = words.flatMap((word) => nameIn(word) ?? []);
  if (names.length === 0) return undefined;
  if (words.length > 1) throw new UsageError(`--${option} is either files or one name, not ${words.join(' and ')}.`);
  return names[0];
}

/**
 * The request with the snapshots that `-s @NAME` and `--after @NAME` name, and the arguments without these. Throws
 * UsageError where no server is named that could have them.
 */
export function withNames(
  request: unknown,
  args: Arguments,
  server: boolean,
): { readonly request: unknown; readonly args: Arguments } {
  const [snapshot, after] = [onlyName(args, 'snapshot'), onlyName(args, 'after')];
  const [some] = [snapshot, after].filter((name) => name !== undefined);
  if (some === undefined) return { request, args };
  if (!server) {
    throw new UsageError(
      `@${some} is the name of a snapshot that a server has: give --server URL too. A file of this name is ./@${some}.`,
    );
  }
  const named: Partial<Pick<QuestionRequest, 'snapshot' | 'after'>> = {
    ...(snapshot === undefined ? {} : { snapshot: { name: snapshot } }),
    ...(after === undefined ? {} : { after: { snapshot: { name: after } } }),
  };
  for (const key of Object.keys(named)) {
    if (typeof request === 'object' && request !== null && key in request) {
      throw new UsageError(`The request holds "${key}", and --${key} gives another: leave one of them out.`);
    }
  }
  const left = args.given.filter(
    ({ name }) => !(name === 'snapshot' && snapshot !== undefined) && !(name === 'after' && after !== undefined),
  );
  return { request: { ...(request as object), ...named }, args: args.only(left) };
}
