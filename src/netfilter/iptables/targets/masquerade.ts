import { withSource } from '../../packet.js';
import { firstValue, optionOf, type TargetCodec } from '../match-codec.js';
import { formatPorts, portRangeOf } from '../ports.js';
import type { Masquerade } from '../statements.js';

function spelled(target: Masquerade): string {
  let text = '-j MASQUERADE';
  if (target.toPorts !== undefined) text += ` --to-ports ${formatPorts(target.toPorts, '-')}`;
  if (target.random === true) text += ' --random';
  return target.randomFully === true ? `${text} --random-fully` : text;
}

/** `-j MASQUERADE`: SNAT to the address of the interface by which the packet leaves. */
export const masquerade: TargetCodec<Masquerade> = {
  names: ['MASQUERADE'],
  options: { '--to-ports': 1, '--random': 0, '--random-fully': 0 },
  parse(options) {
    const ports = firstValue(options, '--to-ports');
    return {
      kind: 'masquerade',
      ...(ports !== undefined && { toPorts: portRangeOf(ports, '-') }),
      ...(optionOf(options, '--random') && { random: true }),
      ...(optionOf(options, '--random-fully') && { randomFully: true }),
    };
  },
  write: spelled,
  save: spelled,
  label: () => 'MASQUERADE',
  list(target) {
    const parts: string[] = [];
    if (target.toPorts !== undefined) parts.push(`masq ports: ${formatPorts(target.toPorts, '-')}`);
    if (target.random === true) parts.push('random');
    if (target.randomFully === true) parts.push('random-fully');
    return parts.join(' ');
  },
  apply(target, packet, { environment }) {
    const address = environment.masqueradeAddress(packet);
    if (address === undefined) {
      const by = packet.outInterface === undefined ? '' : ` ${packet.outInterface}`;
      return { action: 'UNKNOWN', detail: `MASQUERADE: the address of the leaving interface${by} is not known` };
    }
    const ports = target.toPorts;
    const random =
      target.random === true || target.randomFully === true || (ports !== undefined && ports.from < ports.to);
    const port = random ? undefined : (ports?.from ?? packet.sourcePort);
    return { action: 'MASQUERADE', packet: withSource(packet, address, port) };
  },
};
