import { BELOW_LIMITS } from '../../limits.js';
import { isDrawn } from '../expression-codec.js';
import { evaluate, save, write } from '../expressions/index.js';
import type { SetUpdate } from '../types.js';
import { BREAK, type Done, ON, type StatementCodec } from './statement-codec.js';

function spelled({ operation, set, more }: SetUpdate, key: string): string {
  return `${operation} @${set} { ${key}${more === undefined ? '' : ` ${more}`} }`;
}

/** `update @set { ip saddr }`: the set holds the key from then on, as session affinity remembers a client. */
export const update: StatementCodec<SetUpdate> = {
  write: (statement) => spelled(statement, write(statement.key)),
  save: (statement) => spelled(statement, save(statement.key)),
  apply({ operation, set, key, limited }, packet, context): Done {
    const value = evaluate(key, packet, context);
    if (value === 'ABSENT') return BREAK;
    if (value === undefined || isDrawn(value)) return ON;
    if (limited === true) context.environment.assume?.(...BELOW_LIMITS);
    context.recents = {
      list: set,
      address: value.join(' . '),
      present: operation !== 'delete',
      previous: context.recents,
    };
    return ON;
  },
};
