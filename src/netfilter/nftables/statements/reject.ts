import type { Reject } from '../types.js';
import { end, type StatementCodec } from './statement-codec.js';

const spelled = ({ with: type }: Reject) => (type === undefined ? 'reject' : `reject with ${type}`);

/** What `nft list` leaves out: what `reject` alone means. In tables of one family it leaves out that family's, too. */
const DEFAULT = 'icmpx port-unreachable';

/** `reject [with …]`: an ICMP error, or a TCP reset. */
export const reject: StatementCodec<Reject> = {
  write: spelled,
  save: (statement) => (statement.with === DEFAULT ? 'reject' : spelled(statement)),
  apply: () => end({ action: 'REJECT' }),
};
