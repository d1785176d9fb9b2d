import { BELOW_LIMITS } from '../../limits.js';
import type { Comment, Limit, Passing, UnknownStatement } from '../types.js';
import { BREAK, ON, type StatementCodec, UNDECIDED } from './statement-codec.js';

/** A statement that lets the packet pass on as it is: `counter`, `log`. */
export const passing: StatementCodec<Passing> = {
  write: ({ text }) => text,
  save: ({ text }) => text,
  apply: () => ON,
};

/** `limit rate 10/minute`: traffic is taken to stay below. */
export const limit: StatementCodec<Limit> = {
  write: ({ text }) => text,
  save: ({ text }) => text,
  apply({ over }, _packet, { environment }) {
    environment.assume?.(...BELOW_LIMITS);
    return over ? BREAK : ON;
  },
};

/** `comment "…"`, the last words of a rule. */
export const comment: StatementCodec<Comment> = {
  write: ({ text }) => `comment "${text}"`,
  save: ({ text }) => `comment "${text}"`,
  apply: () => ON,
};

/** A statement that is not understood: whether the rule goes on from it is not known. */
export const unknownStatement: StatementCodec<UnknownStatement> = {
  write: ({ text }) => text,
  save: ({ text }) => text,
  apply: () => UNDECIDED,
};
