import type { IPFamily } from '../../../base/address.js';
import type { Packet } from '../../packet.js';
import type { Chance } from '../../walk/types.js';
import type { Effect, WalkContext } from '../../walk/walk-context.js';
import type { Statement } from '../types.js';

/**
 * What a statement does with a packet that has come to it: the next statement is asked (`goOn`, with the packet as it
 * is then), the rule does not match, it is not known whether it does, it goes on by chance, or the rule ends with an
 * effect.
 */
export type Done =
  | { readonly step: 'ON'; readonly packet?: Packet }
  | { readonly step: 'BREAK' }
  | { readonly step: 'UNDECIDED' }
  | { readonly step: 'CHANCE'; readonly chance: Chance }
  | { readonly step: 'END'; readonly effect: Effect };

export const ON: Done = { step: 'ON' };
export const BREAK: Done = { step: 'BREAK' };
export const UNDECIDED: Done = { step: 'UNDECIDED' };

export function end(effect: Effect): Done {
  return { step: 'END', effect };
}

/** Everything that is known of one kind of statement. An empty text stands for nothing to be written. */
export interface StatementCodec<S extends Statement> {
  /** kube-proxy's spelling. A hot path: a node may carry a million statements. */
  write(statement: S): string;
  /** As `nft list` prints it. */
  save(statement: S, family: IPFamily): string;
  apply(statement: S, packet: Packet, context: WalkContext): Done;
}
