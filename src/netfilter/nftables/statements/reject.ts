import type { Reject } from '../types.js';
import { end, type StatementCodec } from './codec.js';

const spelled = ({ with: type }: Reject) => (type === undefined ? 'reject' : `reject with ${type}`);

/** What `nft list` leaves out: port unreachable, which is what `reject` alone means. */
const DEFAULTS = new Set(['icmp port-unreachable', 'icmpv6 port-unreachable', 'icmpx port-unreachable']);

/** `reject [with …]`: an ICMP error, or a TCP reset. */
export const reject: StatementCodec<Reject> = {
  write: spelled,
  save: (statement) => (DEFAULTS.has(statement.with ?? '') ? 'reject' : spelled(statement)),
  apply: () => end({ action: 'REJECT' }),
};
