import type { IPFamily } from '../../../base/address.js';
import { firstValue, type TargetCodec } from '../match-codec.js';
import type { Reject } from '../statements.js';

function typeOf(target: Reject, family: IPFamily): string {
  return target.with ?? (family === 'IPv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable');
}

/** `-j REJECT [--reject-with TYPE]`; the type defaults to port unreachable. */
export const reject: TargetCodec<Reject> = {
  names: ['REJECT'],
  options: { '--reject-with': 1 },
  parse(options) {
    const type = firstValue(options, '--reject-with');
    return { kind: 'reject', ...(type !== undefined && { with: type }) };
  },
  write: (target) => (target.with === undefined ? '-j REJECT' : `-j REJECT --reject-with ${target.with}`),
  save: (target, family) => `-j REJECT --reject-with ${typeOf(target, family)}`,
  label: () => 'REJECT',
  list: (target, family) => `reject-with ${typeOf(target, family)}`,
  apply: () => ({ action: 'REJECT' }),
};
