/** A text is not YAML, or is not read: what is wrong, and where. Lines and columns count from 1. */
export class YamlError extends Error {
  readonly line: number;
  readonly column: number;
  /** `LIMIT`, `DEPTH`: it may be YAML, but is beyond a bound, of size or of nesting. */
  readonly kind: 'SYNTAX' | 'LIMIT' | 'DEPTH';

  constructor(message: string, line: number, column: number, kind: YamlError['kind'] = 'SYNTAX') {
    super(message);
    this.name = 'YamlError';
    this.line = line;
    this.column = column;
    this.kind = kind;
  }
}
