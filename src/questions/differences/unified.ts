/** Unified diffs of long texts of rules. */
import { diffArrays } from 'diff';

/** One stretch of lines, the same on both sides or different. */
interface Stretch {
  readonly same: boolean;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Lines that are exactly once, and where. */
function uniqueLines(lines: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, line] of lines.entries()) places.set(line, places.has(line) ? -1 : index);
  return places;
}

/** The longest row of pairs that rises on both sides; the pairs come in the order of their first number. */
function longestRising(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const piles: number[] = [];
  const previous: number[] = [];
  for (const [index, [, place]] of pairs.entries()) {
    let low = 0;
    let high = piles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[piles[middle] as number] as readonly [number, number])[1] < place) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : (piles[low - 1] as number);
    piles[low] = index;
  }
  const row: (readonly [number, number])[] = [];
  for (let at = piles.at(-1) ?? -1; at >= 0; at = previous[at] as number) {
    row.push(pairs[at] as readonly [number, number]);
  }
  return row.reverse();
}

/** Edits within a gap that are looked for line by line; a gap with more is replaced as a whole. */
const MAX_EDITS = 1000;

function gap(before: readonly string[], after: readonly string[]): readonly Stretch[] {
  if (before.length === 0 && after.length === 0) return [];
  if (before.length === 0 || after.length === 0) return [{ same: false, before, after }];
  const changes = diffArrays([...before], [...after], { maxEditLength: MAX_EDITS });
  if (changes === undefined) return [{ same: false, before, after }];
  return changes.map(({ value, added, removed }) => ({
    same: !added && !removed,
    before: added ? [] : value,
    after: removed ? [] : value,
  }));
}

/**
 * The stretches of two texts. Lines that are once in both, as most rules do, are anchors (the patience algorithm);
 * only what lies between them is searched, so that the time grows with the texts and not with the square of what
 * changed.
 */
function stretches(before: readonly string[], after: readonly string[]): readonly Stretch[] {
  const places = uniqueLines(after);
  const pairs: (readonly [number, number])[] = [];
  for (const [line, index] of uniqueLines(before)) {
    const place = places.get(line);
    if (index >= 0 && place !== undefined && place >= 0) pairs.push([index, place]);
  }
  pairs.sort(([a], [b]) => a - b);
  const found: Stretch[] = [];
  let [left, right] = [0, 0];
  for (const [index, place] of longestRising(pairs)) {
    found.push(...gap(before.slice(left, index), after.slice(right, place)));
    const line = [before[index] as string];
    found.push({ same: true, before: line, after: line });
    [left, right] = [index + 1, place + 1];
  }
  found.push(...gap(before.slice(left), after.slice(right)));
  return found;
}

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** All lines with their marks; within a change what is removed comes first, as diff prints it. */
function markedLines(found: readonly Stretch[]): readonly Line[] {
  const lines: Line[] = [];
  let added: Line[] = [];
  for (const { same, before, after } of found) {
    if (same) {
      lines.push(...added);
      added = [];
      for (const text of before) lines.push({ mark: ' ', text });
      continue;
    }
    for (const text of before) lines.push({ mark: '-', text });
    for (const text of after) added.push({ mark: '+', text });
  }
  lines.push(...added);
  return lines;
}

const CONTEXT = 3;

/** `3,7`; a single line has no count; of an empty range the line before it is named. */
function range(start: number, count: number): string {
  if (count === 1) return String(start + 1);
  return `${count === 0 ? start : start + 1},${count}`;
}

function hunks(lines: readonly Line[]): string {
  let text = '';
  let [before, after] = [0, 0];
  let at = 0;
  for (;;) {
    let first = at;
    while (lines[first]?.mark === ' ') first++;
    if (first >= lines.length) return text;
    const start = Math.max(at, first - CONTEXT);
    [before, after] = [before + start - at, after + start - at];
    // A hunk goes on while changes are at most two contexts apart.
    let last = first;
    for (let index = first; index < lines.length && index - last <= 2 * CONTEXT + 1; index++) {
      if (lines[index]?.mark !== ' ') last = index;
    }
    const end = Math.min(lines.length, last + CONTEXT + 1);
    const own = lines.slice(start, end);
    const removed = own.filter((line) => line.mark !== '+').length;
    const added = own.filter((line) => line.mark !== '-').length;
    text += `@@ -${range(before, removed)} +${range(after, added)} @@\n`;
    for (const line of own) text += `${line.mark}${line.text}\n`;
    [before, after, at] = [before + removed, after + added, end];
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * What `diff -u` prints of two texts whose lines all end: names, then hunks with three lines of context. '' where they
 * are the same. Which of equally short differences is reported may be another than GNU diff's.
 */
export function unifiedDiff(before: string, after: string, names: { before: string; after: string }): string {
  if (before === after) return '';
  const body = hunks(markedLines(stretches(linesOf(before), linesOf(after))));
  return body === '' ? '' : `--- ${names.before}\n+++ ${names.after}\n${body}`;
}
