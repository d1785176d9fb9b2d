/** Label selectors as kubectl's `--selector` takes them. Source: apimachinery pkg/labels, `Parse`. */

export type Labels = Readonly<Record<string, string>> | undefined;

interface Requirement {
  readonly key: string;
  readonly matches: (value: string | undefined) => boolean;
}

const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUAL = /^([^=!<>\s]+)\s*(==|=|!=)\s*([^=!<>\s]*)$/;
const BOUND = /^([^=!<>\s]+)\s*([<>])\s*(-?\d+)$/;

/** The parts between the commas that are not inside of parentheses. */
function parts(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) {
      found.push(part.trim());
      part = '';
    } else part += character;
  }
  return [...found, part.trim()];
}

function requirement(text: string): Requirement | undefined {
  const set = SET.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const isIn = (value: string | undefined) => value !== undefined && values.includes(value);
    return { key, matches: operator === 'in' ? isIn : (value) => !isIn(value) };
  }
  const equal = EQUAL.exec(text);
  if (equal !== null) {
    const [, key = '', operator, wanted = ''] = equal;
    return { key, matches: (value) => (operator === '!=' ? value !== wanted : value === wanted) };
  }
  const bound = BOUND.exec(text);
  if (bound !== null) {
    const [, key = '', operator, limit] = bound;
    const isBeyond = (number: number) => (operator === '>' ? number > Number(limit) : number < Number(limit));
    return { key, matches: (value) => value !== undefined && /^-?\d+$/.test(value) && isBeyond(Number(value)) };
  }
  if (text.startsWith('!')) return { key: text.slice(1).trim(), matches: (value) => value === undefined };
  return { key: text, matches: (value) => value !== undefined };
}

/** What a selector matches; undefined for a text that is not one. */
export function parseSelector(text: string): ((labels: Labels) => boolean) | undefined {
  if (text.trim() === '') return undefined;
  const requirements = parts(text).map(requirement);
  const valid = requirements.filter((one): one is Requirement => one !== undefined && KEY.test(one.key));
  if (valid.length < requirements.length) return undefined;
  return (labels) => valid.every(({ key, matches }) => matches(labels?.[key]));
}
