import { RuleError, type TargetCodec } from '../match-codec.js';
import type { Jump } from '../statements.js';

function spelled(target: Jump): string {
  return target.kind === 'jump' ? `-j ${target.chain}` : `-g ${target.chain}`;
}

/** `-j CHAIN` and `-g CHAIN`. The reader of rules makes jumps itself, as only it knows the chains of the table. */
export const jump: TargetCodec<Jump> = {
  names: [],
  options: {},
  parse(_options, { name, isChain }) {
    if (!isChain(name)) throw new RuleError(`-g ${name}: the table has no such chain`);
    return { kind: 'goto', chain: name };
  },
  write: spelled,
  save: spelled,
  label: (target) => target.chain,
  // `[goto]` is before the matches, so the rule's listing puts it.
  list: () => '',
  apply: (target) => ({ action: target.kind === 'jump' ? 'JUMP' : 'GOTO', chain: target.chain }),
};
