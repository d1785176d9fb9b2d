/** What a text of objects holds that is read otherwise than it may look. */

export interface DocumentNote {
  /** `duplicateKeys` or `unread`. */
  readonly name: string;
  /** The place: a path, or a line. */
  readonly value: string;
  /** A sentence. */
  readonly why: string;
}

/** A key that an object of a text has twice. */
export interface Duplicate {
  readonly key: string;
  /** JSON Pointer in its document. */
  readonly path: string;
  /** Where it is again, and where first: `line 7`. */
  readonly place: string;
  readonly first: string;
}

/** Adds a note for each duplicate, and one for those of `total` that are not listed. */
export function noteDuplicates(duplicates: readonly Duplicate[], total: number, notes: DocumentNote[]): void {
  for (const { key, path, place, first } of duplicates) {
    const why =
      `The key ${JSON.stringify(key)} is at ${first} and again at ${place}: the last one counts, as ` +
      'kubectl reads it.';
    notes.push({ name: 'duplicateKeys', value: path, why });
  }
  const more = total - duplicates.length;
  if (more > 0) {
    const why = `${more} further keys are twice in their objects: the last one of each counts, as kubectl reads it.`;
    notes.push({ name: 'duplicateKeys', value: '', why });
  }
}
