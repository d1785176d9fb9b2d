import type { IPFamily } from '../../base/address.js';
import type { Expression, Match, Operator, Payload, Statement } from '../../netfilter/nftables/types.js';

/** Parts of rules, as kube-proxy writes them. */

export function field(family: IPFamily, name: 'saddr' | 'daddr'): Payload {
  return { kind: 'payload', protocol: family === 'IPv4' ? 'ip' : 'ip6', field: name };
}

export function matches(left: Expression, text: string, operator: Operator = '=='): Match {
  return { kind: 'match', left, operator, right: { kind: 'value', text } };
}

export function inSet(left: Expression, name: string): Match {
  return { kind: 'match', left, operator: '==', right: { kind: 'reference', name } };
}

export function jump(chain: string): Statement {
  return { kind: 'jump', chain };
}

export function goTo(chain: string): Statement {
  return { kind: 'goto', chain };
}

export function comment(text: string): Statement {
  return { kind: 'comment', text };
}

export const PROTOCOL: Expression = { kind: 'meta', key: 'l4proto' };
export const PORT: Expression = { kind: 'payload', protocol: 'th', field: 'dport' };
const MARK: Expression = { kind: 'meta', key: 'mark' };
export const NEW: Statement = matches({ kind: 'ct', key: 'state' }, 'new');
export const REJECT: Statement = { kind: 'reject' };
export const DROP: Statement = { kind: 'drop' };
export const FROM_LOCAL: Statement = matches({ kind: 'fib', of: ['saddr'], result: 'type' }, 'local');
export const TO_LOCAL: Statement = matches({ kind: 'fib', of: ['daddr'], result: 'type' }, 'local');
/** `meta l4proto . th dport`. */
export const PROTOCOL_AND_PORT: Expression = { kind: 'concat', parts: [PROTOCOL, PORT] };

/** `ip daddr . meta l4proto . th dport`. */
export function destinationKey(family: IPFamily): Expression {
  return { kind: 'concat', parts: [field(family, 'daddr'), PROTOCOL, PORT] };
}

export function vmap(key: Expression, name: string): Statement {
  return { kind: 'vmap', key, map: { kind: 'reference', name } };
}

/** A mark as kube-proxy spells it: `0x00004000`. */
function markText(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(8, '0')}`;
}

/** `mark set mark or MARK`, or `xor`. */
export function setMark(operator: '|' | '^', bit: number): Statement {
  const right = { kind: 'value', text: markText(bit) } as const;
  return {
    kind: 'set-value',
    target: { kind: 'meta', key: 'mark' },
    value: { kind: 'binary', operator, left: MARK, right },
  };
}

/** `mark and MARK != 0`, or `== 0`. */
export function marked(operator: '==' | '!=', bit: number): Statement {
  const left: Expression = { kind: 'binary', operator: '&', left: MARK, right: { kind: 'value', text: markText(bit) } };
  return { kind: 'match', left, operator, right: { kind: 'value', text: '0' } };
}
