import { withDestination } from '../../packet.js';
import { firstValue, optionOf, type TargetCodec } from '../match-codec.js';
import { formatPorts, portRangeOf } from '../ports.js';
import type { Redirect } from '../statements.js';

function spelled(target: Redirect): string {
  const ports = target.toPorts === undefined ? '' : ` --to-ports ${formatPorts(target.toPorts, '-')}`;
  return `-j REDIRECT${ports}${target.random === true ? ' --random' : ''}`;
}

/**
 * `-j REDIRECT`: DNAT to this host, at OUTPUT to its loopback address, elsewhere to the one of the incoming interface.
 */
export const redirect: TargetCodec<Redirect> = {
  names: ['REDIRECT'],
  options: { '--to-ports': 1, '--to-port': 1, '--random': 0 },
  parse(options) {
    const ports = firstValue(options, '--to-ports', '--to-port');
    return {
      kind: 'redirect',
      ...(ports !== undefined && { toPorts: portRangeOf(ports, '-') }),
      ...(optionOf(options, '--random') && { random: true }),
    };
  },
  write: spelled,
  save: spelled,
  label: () => 'REDIRECT',
  list(target) {
    const ports = target.toPorts === undefined ? '' : `redir ports ${formatPorts(target.toPorts, '-')}`;
    return target.random === true ? `${ports} random`.trimStart() : ports;
  },
  apply(target, packet, { hook }) {
    const ports = target.toPorts;
    if (ports !== undefined && ports.from < ports.to) {
      const detail = `REDIRECT to one of the ports ${formatPorts(ports, '-')}: the rules do not say which one`;
      return { action: 'UNKNOWN', detail };
    }
    if (hook !== 'OUTPUT') {
      const by = packet.inInterface === undefined ? '' : ` ${packet.inInterface}`;
      return { action: 'UNKNOWN', detail: `REDIRECT: the address of the incoming interface${by} is not known` };
    }
    const loopback = packet.family === 'IPv4' ? '127.0.0.1' : '::1';
    return { action: 'DNAT', packet: withDestination(packet, loopback, ports?.from ?? packet.destinationPort) };
  },
};
