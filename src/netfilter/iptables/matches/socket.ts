import { NO, UNKNOWN } from '../../walk/walk-context.js';
import type { MatchCodec } from '../match-codec.js';
import { optionOf } from '../match-codec.js';
import type { SocketMatch } from '../statements.js';

const NO_TRANSPARENT_SOCKET = [
  'sockets',
  'none is transparent',
  'A snapshot does not show the sockets of a node: no proxy is taken to listen for addresses that are not ' +
    'the node’s own.',
] as const;

function words(match: SocketMatch): string {
  const parts = ['socket'];
  if (match.transparent === true) parts.push('--transparent');
  if (match.noWildcard === true) parts.push('--nowildcard');
  if (match.restoreMark === true) parts.push('--restore-skmark');
  return parts.join(' ');
}

/**
 * `-m socket`: whether a socket of this host has the packet's addresses. Sockets that listen on all addresses do not
 * count unless `--nowildcard` is given, so a packet for somebody else matches none (xt_socket).
 */
export const socket: MatchCodec<SocketMatch> = {
  place: 'module',
  modules: ['socket'],
  options: { '--transparent': 0, '--nowildcard': 0, '--restore-skmark': 0 },
  parse: (options) => ({
    kind: 'socket',
    ...(optionOf(options, '--transparent') && { transparent: true }),
    ...(optionOf(options, '--nowildcard') && { noWildcard: true }),
    ...(optionOf(options, '--restore-skmark') && { restoreMark: true }),
  }),
  write: (match) => `-m ${words(match)}`,
  save: (match) => `-m ${words(match)}`,
  list: words,
  test(match, packet, { environment }) {
    if (match.transparent === true) {
      environment.assume?.(...NO_TRANSPARENT_SOCKET);
      return NO;
    }
    const ours = environment.addressType(packet.destination) === 'LOCAL';
    return ours || match.noWildcard === true ? UNKNOWN : NO;
  },
};
