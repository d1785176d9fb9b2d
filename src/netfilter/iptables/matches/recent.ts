import { addressOf, addressWidth, formatAddress, type IPFamily } from '../../../base/address.js';
import { UNKNOWN, verdictOf, type WalkContext } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { RecentMatch } from '../statements.js';

const ACTIONS = { '--set': 'set', '--rcheck': 'rcheck', '--update': 'update', '--remove': 'remove' } as const;
const LISTED = { set: 'SET', rcheck: 'CHECK', update: 'UPDATE', remove: 'REMOVE' } as const;

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new RuleError(`"${text}" is no value for ${name}: a whole number would be`);
  return Number(text);
}

function maskOf(match: RecentMatch, family: IPFamily): string {
  if (match.mask !== undefined) return match.mask;
  return formatAddress(family, (1n << BigInt(addressWidth(family))) - 1n);
}

/** The address that the list is asked for: source or destination, masked. */
function entryOf(match: RecentMatch, packet: { source: string; destination: string }): string {
  const text = match.side === 'destination' ? packet.destination : packet.source;
  if (match.mask === undefined) return text;
  const address = addressOf(text);
  const mask = addressOf(match.mask);
  return address === undefined || mask === undefined ? text : formatAddress(address.family, address.bits & mask.bits);
}

function holds(match: RecentMatch, address: string, context: WalkContext): boolean {
  for (let change = context.recents; change !== undefined; change = change.previous) {
    if (change.list === match.name && change.address === address) return change.present;
  }
  return context.environment.recentHolds(match.name, address);
}

/** What follows `-m recent` in kube-proxy's order: the list's name first. */
function written(match: RecentMatch): string {
  let text = `-m recent --name ${match.name} ${not(match.negated)}--${match.action}`;
  if (match.seconds !== undefined) text += ` --seconds ${match.seconds}`;
  if (match.reap === true) text += ' --reap';
  if (match.hitcount !== undefined) text += ` --hitcount ${match.hitcount}`;
  if (match.mask !== undefined) text += ` --mask ${match.mask}`;
  if (match.side !== undefined) text += match.side === 'source' ? ' --rsource' : ' --rdest';
  return text;
}

/**
 * `-m recent`: lists of addresses seen lately. Names that rules of the same walk have put into a list are in it from
 * then on.
 */
export const recent: MatchCodec<RecentMatch> = {
  place: 'module',
  modules: ['recent'],
  options: {
    '--name': 1,
    '--set': 0,
    '--rcheck': 0,
    '--update': 0,
    '--remove': 0,
    '--seconds': 1,
    '--reap': 0,
    '--hitcount': 1,
    '--rsource': 0,
    '--rdest': 0,
    '--mask': 1,
  },
  parse(options, { family }) {
    const action = optionOf(options, ...Object.keys(ACTIONS));
    if (action === undefined) throw new RuleError('-m recent needs --set, --rcheck, --update or --remove');
    const side = optionOf(options, '--rsource', '--rdest');
    const mask = firstValue(options, '--mask');
    if (mask !== undefined && addressOf(mask)?.family !== family) throw new RuleError(`"${mask}" is no ${family} mask`);
    const seconds = numberOf(firstValue(options, '--seconds'), '--seconds');
    const hitcount = numberOf(firstValue(options, '--hitcount'), '--hitcount');
    const reap = optionOf(options, '--reap') !== undefined;
    if (reap && seconds === undefined) throw new RuleError('--reap needs --seconds');
    return {
      kind: 'recent',
      name: firstValue(options, '--name') ?? 'DEFAULT',
      action: ACTIONS[action.name as keyof typeof ACTIONS],
      ...(seconds !== undefined && { seconds }),
      ...(reap && { reap }),
      ...(hitcount !== undefined && { hitcount }),
      ...(side && { side: side.name === '--rdest' ? 'destination' : 'source' }),
      ...(mask !== undefined && { mask }),
      ...negation(action),
    };
  },
  write: written,
  save(match, family) {
    let text = `-m recent ${not(match.negated)}--${match.action}`;
    if (match.seconds !== undefined) text += ` --seconds ${match.seconds}`;
    if (match.reap === true) text += ' --reap';
    if (match.hitcount !== undefined) text += ` --hitcount ${match.hitcount}`;
    const side = match.side === 'destination' ? '--rdest' : '--rsource';
    return `${text} --name ${match.name} --mask ${maskOf(match, family)} ${side}`;
  },
  list(match, family) {
    let text = `${not(match.negated)}recent: ${LISTED[match.action]}`;
    if (match.seconds !== undefined) text += ` seconds: ${match.seconds}`;
    if (match.reap === true) text += ' reap';
    if (match.hitcount !== undefined) text += ` hit_count: ${match.hitcount}`;
    const side = match.side === 'destination' ? 'dest' : 'source';
    return `${text} name: ${match.name} side: ${side} mask: ${maskOf(match, family)}`;
  },
  test(match, packet, context) {
    const address = entryOf(match, packet);
    if (match.action === 'set') {
      context.recents = { list: match.name, address, present: true, previous: context.recents };
      return verdictOf(true, match.negated);
    }
    const held = holds(match, address, context);
    // How often the address was seen is not known.
    if (held && (match.hitcount ?? 0) > 1) return UNKNOWN;
    if (held && match.action === 'remove') {
      context.recents = { list: match.name, address, present: false, previous: context.recents };
    }
    return verdictOf(held, match.negated);
  },
};
