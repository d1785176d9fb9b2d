/** Reading what a capacity question gives: numbers, fractions as text, lists; each fault names its place. */

/** What is wrong with a field, by JSON Pointer inside what was given. */
export class GivenFault extends Error {
  readonly pointer: string;

  constructor(pointer: string, detail: string) {
    super(detail);
    this.pointer = pointer;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** No number of pods, connections or clients is larger. */
const LARGEST = 1e9;

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}

/** The object's fields; others than these are refused. */
export function fieldsIn(value: unknown, at: string, allowed: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GivenFault(at, `An object is needed, not ${shown(value)}.`);
  }
  for (const name of Object.keys(value)) {
    if (!allowed.includes(name)) {
      throw new GivenFault(
        `${at}/${name}`,
        `There is no field "${name.slice(0, 60)}" here; there are ${allowed.join(', ')}.`,
      );
    }
  }
  return value as Fields;
}

/** A number, or a text that is one: `12`, `0.5`, `"1/3"`, `"0.5"`. */
export function numberIn(
  fields: Fields,
  name: string,
  at: string,
  limits: { readonly least?: number; readonly most?: number; readonly above?: number; readonly below?: number } = {},
): number {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return asNumber(value, `${at}/${name}`, limits);
}

export function asNumber(
  value: unknown,
  at: string,
  {
    least = 0,
    most = 1e15,
    above,
    below,
  }: { readonly least?: number; readonly most?: number; readonly above?: number; readonly below?: number } = {},
): number {
  const match = typeof value === 'string' ? /^(-?\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(value.trim()) : null;
  const number =
    typeof value === 'number' ? value : match === null ? Number.NaN : Number(match[1]) / Number(match[2] ?? 1);
  const fits = Number.isFinite(number) && number >= least && number <= most;
  if (!fits || (above !== undefined && number <= above) || (below !== undefined && number >= below)) {
    const from = above === undefined ? `at least ${least}` : `more than ${above}`;
    const to = below === undefined ? (most < 1e15 ? ` and at most ${most}` : '') : ` and less than ${below}`;
    throw new GivenFault(at, `A number is needed (or a text such as "1/3"), ${from}${to}, not ${shown(value)}.`);
  }
  return number;
}

/** A whole number. */
export function countIn(fields: Fields, name: string, at: string, least = 0, most = LARGEST): number {
  const number = numberIn(fields, name, at, { least, most });
  if (!Number.isInteger(number))
    throw new GivenFault(`${at}/${name}`, `A whole number is needed, not ${shown(fields[name])}.`);
  return number;
}

export function has(fields: Fields, name: string): boolean {
  return Object.hasOwn(fields, name) && fields[name] !== undefined;
}

export function listIn(fields: Fields, name: string, at: string, most = 10000): readonly unknown[] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > most) {
    throw new GivenFault(`${at}/${name}`, `A list of 1 to ${most} entries is needed, not ${shown(value)}.`);
  }
  return value;
}

export function wordIn<W extends string>(fields: Fields, name: string, at: string, words: readonly W[]): W {
  const value = fields[name];
  const word = words.find((one) => one === value);
  if (word === undefined)
    throw new GivenFault(`${at}/${name}`, `One of ${words.join(', ')} is needed, not ${shown(value)}.`);
  return word;
}

export interface GivenPods {
  readonly count: number;
  readonly share: number;
  readonly capacity: number | undefined;
}

/** Groups of pods that are alike: how many, the share of each, what each takes. The shares sum to 1. */
export function podsIn(fields: Fields, at: string, needsCapacity = false): readonly GivenPods[] {
  const groups = listIn(fields, 'pods', at).map((one, index): GivenPods => {
    const place = `${at}/pods/${index}`;
    const group = fieldsIn(one, place, ['count', 'share', 'capacity']);
    const capacity =
      has(group, 'capacity') || needsCapacity ? numberIn(group, 'capacity', place, { above: 0 }) : undefined;
    return {
      count: countIn(group, 'count', place, 1, 100000),
      share: numberIn(group, 'share', place, { most: 1 }),
      capacity,
    };
  });
  const total = groups.reduce((sum, { count, share }) => sum + count * share, 0);
  if (Math.abs(total - 1) > 1e-9) {
    throw new GivenFault(`${at}/pods`, `The shares of all pods must sum to 1; they sum to ${total}.`);
  }
  return groups;
}
