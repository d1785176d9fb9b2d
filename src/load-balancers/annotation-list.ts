/** Annotations of a load balancer, and what each does. */

/** What a value must be; a controller refuses, or passes over, what it is not. */
export type Valid = 'SWITCH' | 'PAIRS' | 'JSON' | 'CIDRS' | { readonly least: number } | readonly string[];

export interface AnnotationEntry {
  /** The name after the prefix; `*` stands for any text. */
  readonly name: string;
  /**
   * READ: answers follow it. NOT_READ: it changes what the load balancer does, and no answer follows it. NO_EFFECT: it
   * changes nothing that an answer says (names, tags, logs, certificates).
   */
  readonly effect: 'READ' | 'NOT_READ' | 'NO_EFFECT';
  readonly valid?: Valid;
}

export interface AnnotationList {
  /** What all of these names begin with. */
  readonly prefix: string;
  /** Where they are documented: title and address. */
  readonly source: readonly [title: string, url: string];
  readonly entries: readonly AnnotationEntry[];
}
