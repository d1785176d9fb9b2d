import { copyOf, type Packet } from '../../packet.js';
import { isDrawn } from '../expression-codec.js';
import { evaluate, save, typesOf, write } from '../expressions/index.js';
import { savedValue } from '../expressions/value.js';
import type { SetValue } from '../types.js';
import { numberOf } from '../values.js';
import { BREAK, type Done, end, ON, type StatementCodec } from './statement-codec.js';

const UNKNOWN_VALUE: Done = end({ action: 'UNKNOWN', detail: 'what the rule sets is not known' });

function withMark(packet: Packet, mark: number): Packet {
  const after = copyOf(packet);
  after.mark = mark;
  return after;
}

/** `meta mark set …`, `ct mark set …`. What other keys are set to has no part in where a packet goes. */
export const setValue: StatementCodec<SetValue> = {
  write: ({ target, value }) => `${write(target)} set ${write(value)}`,
  save({ target, value }, family) {
    const text = value.kind === 'value' ? savedValue(value.text, typesOf(target, family)[0] ?? 'name') : save(value);
    return `${save(target)} set ${text}`;
  },
  apply({ target, value }, packet, context) {
    if (target.key !== 'mark') return ON;
    const evaluated = evaluate(value, packet, context);
    if (evaluated === 'ABSENT') return BREAK;
    if (evaluated === undefined || isDrawn(evaluated)) return UNKNOWN_VALUE;
    const mark = numberOf(evaluated[0] ?? '');
    if (mark === undefined) return UNKNOWN_VALUE;
    if (target.kind === 'meta') return { step: 'ON', packet: withMark(packet, mark) };
    const { connection } = packet;
    if (connection.state === 'INVALID' || connection.state === 'UNTRACKED') return ON;
    const after = copyOf(packet);
    after.connection = { ...connection, mark };
    return { step: 'ON', packet: after };
  },
};
