import type { Evaluated, ExpressionCodec } from '../expression-codec.js';
import type { Fib } from '../types.js';

const spelled = ({ of, result }: Fib) => `fib ${of.join(' . ')} ${result}`;

/**
 * What the routing table says of an address of the packet: the type of the address (`fib daddr type`), or the interface
 * towards it (`fib saddr . iif oif`, as a check of the reverse path: `0` stands for no route).
 */
export const fib: ExpressionCodec<Fib> = {
  write: spelled,
  save: spelled,
  types: () => ['name'],
  evaluate({ of, result }, packet, { environment }): Evaluated {
    const [side] = of;
    if (result === 'type' && (side === 'saddr' || side === 'daddr')) {
      const address = side === 'saddr' ? packet.source : packet.destination;
      const type = environment.addressType(address);
      const way = of.includes('iif') ? 'in' : of.includes('oif') ? 'out' : undefined;
      if (way === undefined || type !== 'LOCAL') return [type.toLowerCase()];
      const name = way === 'in' ? packet.inInterface : packet.outInterface;
      const there = environment.addressOnInterface?.(address, name);
      // An address of another interface counts as one of somebody else.
      return there === undefined ? undefined : [there ? 'local' : 'unicast'];
    }
    if (side === 'saddr' && result !== 'type') {
      const holds = environment.reversePathHolds?.(packet, { loose: !of.includes('iif'), acceptLocal: false });
      return holds === undefined ? undefined : [holds ? 'exists' : 'missing'];
    }
    return undefined;
  },
};
