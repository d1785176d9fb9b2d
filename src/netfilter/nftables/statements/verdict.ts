import type { OneEffect } from '../../walk/walk-context.js';
import { verdictText } from '../elements.js';
import type { Verdict } from '../types.js';
import { end, type StatementCodec } from './statement-codec.js';

/** A rule that did not match after all. */
export const MISS: OneEffect = { action: 'MISS' };

/** What a verdict does. */
export function effectOf(verdict: Verdict): OneEffect {
  switch (verdict.kind) {
    case 'accept':
      return { action: 'ACCEPT' };
    case 'drop':
      return { action: 'DROP' };
    case 'return':
      return { action: 'RETURN' };
    case 'continue':
      return { action: 'PASS' };
    case 'jump':
      return { action: 'JUMP', chain: verdict.chain };
    case 'goto':
      return { action: 'GOTO', chain: verdict.chain };
  }
}

/** `accept`, `drop`, `return`, `continue`, `jump CHAIN`, `goto CHAIN`. */
export const verdict: StatementCodec<Verdict> = {
  write: verdictText,
  save: verdictText,
  apply: (statement) => end(effectOf(statement)),
};
