/** Variables of the environment as a table: how each is read, what holds where it is not set, and what it does. */

/** How a variable's text is read. */
type Kind =
  | { readonly type: 'text' }
  /** Text of at least so many characters, which is never shown. */
  | { readonly type: 'secret'; readonly least: number }
  | {
      readonly type: 'whole';
      readonly least: number;
      readonly most: number;
      readonly unit: string;
      /** A word that may be instead of a number. */
      readonly word?: string;
    }
  | { readonly type: 'seconds'; readonly least: number; readonly most: number }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | { readonly type: 'list'; readonly item: RegExp; readonly items: string }
  | { readonly type: 'url'; readonly protocols: readonly string[] };

export interface Variable {
  readonly name: string;
  readonly kind: Kind;
  /** What holds when it is not set, as it would be written. Empty: nothing. */
  readonly fallback: string;
  /** What it does, as a sentence. */
  readonly does: string;
  /** Never shown. */
  readonly secret?: true;
}

export const text: Kind = { type: 'text' };
export const bytes = (least: number, most = Number.MAX_SAFE_INTEGER): Kind => ({
  type: 'whole',
  least,
  most,
  unit: 'bytes',
});
export const count = (least: number, most: number, unit: string): Kind => ({ type: 'whole', least, most, unit });
export const seconds = (least: number, most: number): Kind => ({ type: 'seconds', least, most });
export const word = (...words: readonly string[]): Kind => ({ type: 'word', words });

export type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown for settings that cannot be: a sentence for each. */
export class SettingsError extends RangeError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

function numberProblem(name: string, value: string, least: number, most: number, unit: string): string | undefined {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least && number <= most) return undefined;
  return (
    `${name} must be a whole number${unit && ` of ${unit}`} from ${least} to ${most}, not ` +
    `${JSON.stringify(value)}.`
  );
}

function urlProblem(name: string, value: string, protocols: readonly string[]): string | undefined {
  let protocol = '';
  try {
    ({ protocol } = new URL(value));
  } catch {
    // Reported below: the value itself may hold a password.
  }
  if (protocols.includes(protocol)) return undefined;
  return `${name} must be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}.`;
}

/** The items of a list, which commas or blanks separate. */
export function itemsOf(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((item) => item !== '');
}

/** What is wrong with a value, as a sentence; undefined when nothing is. Never shows a secret. */
function problemOf({ name, kind }: Variable, value: string): string | undefined {
  switch (kind.type) {
    case 'text':
      return value.includes('\0') ? `${name} must not hold a NUL character.` : undefined;
    case 'secret':
      return value.length >= kind.least ? undefined : `${name} must have at least ${kind.least} characters.`;
    case 'whole':
      return value === kind.word ? undefined : numberProblem(name, value, kind.least, kind.most, kind.unit);
    case 'seconds':
      return numberProblem(name, value, kind.least, kind.most, 'seconds');
    case 'word':
      if (kind.words.includes(value)) return undefined;
      return `${name} must be one of ${kind.words.join(', ')}, not ${JSON.stringify(value)}.`;
    case 'url':
      return urlProblem(name, value, kind.protocols);
    case 'list': {
      const wrong = itemsOf(value).findIndex((item) => !kind.item.test(item));
      return wrong < 0 ? undefined : `${name}: item ${wrong + 1} must be ${kind.items}.`;
    }
  }
}

/** What is wrong with the variables of a table that are set, a sentence for each. */
export function problemsOf(table: readonly Variable[], env: Environment): string[] {
  return table.flatMap((variable) => {
    const given = env[variable.name];
    return given === undefined || given === '' ? [] : (problemOf(variable, given) ?? []);
  });
}

/** The text that holds for each variable of a table; an empty one counts as not set. */
export function textsOf<Name extends string>(
  table: readonly (Variable & { readonly name: Name })[],
  env: Environment,
): (name: Name) => string {
  const fallbacks = new Map<string, string>(table.map(({ name, fallback }) => [name, fallback]));
  return (name) => env[name] || (fallbacks.get(name) ?? '');
}
