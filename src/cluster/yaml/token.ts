/** Tokens of YAML. */

export type TokenType =
  | 'END'
  | 'DOCUMENT_START'
  | 'DOCUMENT_END'
  | 'DIRECTIVE'
  | 'BLOCK_SEQUENCE'
  | 'BLOCK_MAPPING'
  | 'BLOCK_END'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | 'KEY'
  | 'VALUE'
  | 'ALIAS'
  | 'ANCHOR'
  | 'TAG'
  | 'SCALAR';

export interface Token {
  readonly type: TokenType;
  /** Of a scalar, an alias, an anchor or a directive; of a tag what follows its handle. */
  readonly value: string;
  /** Of a tag: its handle, `!`, `!!`, `!name!`, or empty where the tag is whole. */
  readonly handle: string;
  /** Of a scalar: whether it is plain, that is without quotes and not a block. */
  readonly plain: boolean;
  /** From 0. */
  readonly line: number;
  readonly column: number;
}
