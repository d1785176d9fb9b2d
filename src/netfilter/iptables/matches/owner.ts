import { NO, UNKNOWN, verdictOf, YES } from '../../walk/walk-context.js';
import { type MatchCodec, negation, not, optionOf, RuleError } from '../match-codec.js';
import type { OwnerMatch } from '../statements.js';

function words(match: OwnerMatch): readonly (readonly [negated: boolean, option: string, listed: string])[] {
  const { uid, gid, socketExists, supplementary } = match;
  const found: [boolean, string, string][] = [];
  if (socketExists !== undefined) found.push([socketExists.negated === true, '--socket-exists', 'owner socket exists']);
  if (uid !== undefined) found.push([uid.negated === true, `--uid-owner ${uid.range}`, `owner UID match ${uid.range}`]);
  if (gid !== undefined) found.push([gid.negated === true, `--gid-owner ${gid.range}`, `owner GID match ${gid.range}`]);
  if (supplementary === true) found.push([false, '--suppl-groups', 'incl. suppl. groups']);
  return found;
}

function spelled(match: OwnerMatch): string {
  return `-m owner ${words(match)
    .map(([negated, option]) => `${not(negated)}${option}`)
    .join(' ')}`;
}

/**
 * `-m owner`: the process that made the packet. A packet that this host forwards has no socket here: it matches only
 * where every option is negated (xt_owner). Which user a process of the host runs as is not known.
 */
export const owner: MatchCodec<OwnerMatch> = {
  place: 'module',
  modules: ['owner'],
  options: { '--uid-owner': 1, '--gid-owner': 1, '--socket-exists': 0, '--suppl-groups': 0 },
  parse(options) {
    if (options.length === 0) throw new RuleError('-m owner needs at least one of its options');
    const uid = optionOf(options, '--uid-owner');
    const gid = optionOf(options, '--gid-owner');
    const socketExists = optionOf(options, '--socket-exists');
    return {
      kind: 'owner',
      ...(uid && { uid: { range: uid.values[0] ?? '', ...negation(uid) } }),
      ...(gid && { gid: { range: gid.values[0] ?? '', ...negation(gid) } }),
      ...(socketExists && { socketExists: negation(socketExists) }),
      ...(optionOf(options, '--suppl-groups') && { supplementary: true }),
    };
  },
  write: spelled,
  save: spelled,
  list: (match) =>
    words(match)
      .map(([negated, , listed]) => `${not(negated)}${listed}`)
      .join(' '),
  test(match, packet) {
    const { uid, gid, socketExists } = match;
    const given = [uid, gid, socketExists].filter((option) => option !== undefined);
    if (packet.inInterface !== undefined)
      return verdictOf(
        given.every((option) => option.negated === true),
        false,
      );
    if (socketExists?.negated === true) return NO;
    return uid === undefined && gid === undefined ? YES : UNKNOWN;
  },
};
