import type { IPFamily } from '../../../base/address.js';
import type { Packet } from '../../packet.js';
import type { Rule } from '../../ruleset.js';
import type { WalkContext } from '../../walk/walk-context.js';
import { type Statement, statementsOf } from '../types.js';
import { match } from './match.js';
import { nat } from './nat.js';
import { comment, limit, passing, unknownStatement } from './other.js';
import { reject } from './reject.js';
import { setValue } from './set-value.js';
import type { Done, StatementCodec } from './statement-codec.js';
import { update } from './update.js';
import { verdict } from './verdict.js';
import { vmap } from './vmap.js';

type Codecs = { readonly [K in Statement['kind']]: StatementCodec<Extract<Statement, { kind: K }>> };

const CODECS = {
  match,
  vmap,
  accept: verdict,
  drop: verdict,
  return: verdict,
  continue: verdict,
  jump: verdict,
  goto: verdict,
  reject,
  'set-value': setValue,
  dnat: nat,
  snat: nat,
  masquerade: nat,
  redirect: nat,
  update,
  passing,
  limit,
  comment,
  'unknown-statement': unknownStatement,
} as unknown as Codecs;

function codecOf(statement: Statement): StatementCodec<Statement> {
  return CODECS[statement.kind] as StatementCodec<Statement>;
}

/** A rule in kube-proxy's spelling, without its chain. */
export function writeRule(rule: Rule): string {
  let text = '';
  for (const statement of statementsOf(rule)) {
    text = text === '' ? codecOf(statement).write(statement) : `${text} ${codecOf(statement).write(statement)}`;
  }
  return text;
}

/** A rule as `nft list` prints it. */
export function saveRule(rule: Rule, family: IPFamily): string {
  return statementsOf(rule)
    .map((statement) => codecOf(statement).save(statement, family))
    .join(' ');
}

/** A statement as `nft list` prints it. */
export function saveStatement(statement: Statement, family: IPFamily): string {
  return codecOf(statement).save(statement, family);
}

/** What a statement does with a packet. */
export function applyStatement(statement: Statement, packet: Packet, context: WalkContext): Done {
  return codecOf(statement).apply(statement, packet, context);
}
