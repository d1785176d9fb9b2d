import { type Packet, withDestination, withSource } from '../../packet.js';
import type { OneEffect, WalkContext } from '../../walk/walk-context.js';
import { drawnWays } from '../drawn-ways.js';
import { type Evaluated, isDrawn } from '../expression-codec.js';
import { evaluate, save, write } from '../expressions/index.js';
import type { Expression, Nat } from '../types.js';
import { canonicalValue, numberOf } from '../values.js';
import { BREAK, type Done, end, type StatementCodec } from './statement-codec.js';
import { MISS } from './verdict.js';

function flagText({ flags }: Nat): string {
  return flags === undefined || flags.length === 0 ? '' : ` ${flags.join(',')}`;
}

function endText(nat: Nat, text: (expression: Expression) => string): string {
  const { address, port } = nat;
  const shown = address === undefined ? '' : text(address);
  if (port === undefined) return shown;
  const bracketed = shown.includes(':') && !shown.startsWith('[') ? `[${shown}]` : shown;
  return `${bracketed}:${text(port)}`;
}

/** An address or port as `nft list` prints it. */
function saveEnd(expression: Expression): string {
  return expression.kind === 'value' ? canonicalValue(expression.text, 'ipv4_addr') : save(expression);
}

function unknown(nat: Nat, why: string): OneEffect {
  return { action: 'UNKNOWN', detail: `${nat.kind}: ${why}` };
}

/** A single address or port; undefined for a range, of which the rules do not say which one is taken. */
function single(value: Evaluated): string | undefined {
  if (value === undefined || value === 'ABSENT' || isDrawn(value)) return undefined;
  const [text = ''] = value;
  return text.includes('/') || /[0-9a-f]-[0-9a-f]/i.test(text) ? undefined : text;
}

/** Translates to an address and port, where they are known. */
function translated(nat: Nat, packet: Packet, address: string | undefined, port: string | undefined): OneEffect {
  const to = address === undefined ? undefined : canonicalValue(address.replace(/^\[|\]$/g, ''), 'ipv4_addr');
  const number = port === undefined ? undefined : numberOf(port);
  if (nat.kind === 'snat') {
    const random = nat.flags?.some((flag) => flag.includes('random')) === true;
    const from = random ? undefined : (number ?? packet.sourcePort);
    return { action: 'SNAT', packet: withSource(packet, to ?? packet.source, from) };
  }
  return {
    action: 'DNAT',
    packet: withDestination(packet, to ?? packet.destination, number ?? packet.destinationPort),
  };
}

function masquerade(nat: Nat, packet: Packet, { environment }: WalkContext): OneEffect {
  const address = environment.masqueradeAddress(packet);
  if (address === undefined) {
    const by = packet.outInterface === undefined ? '' : ` ${packet.outInterface}`;
    return unknown(nat, `the address of the leaving interface${by} is not known`);
  }
  const random = nat.port !== undefined || nat.flags?.some((flag) => flag.includes('random')) === true;
  return { action: 'MASQUERADE', packet: withSource(packet, address, random ? undefined : packet.sourcePort) };
}

function redirect(nat: Nat, packet: Packet, context: WalkContext): OneEffect {
  if (context.hook !== 'OUTPUT') {
    const by = packet.inInterface === undefined ? '' : ` ${packet.inInterface}`;
    return unknown(nat, `the address of the incoming interface${by} is not known`);
  }
  const port = nat.port === undefined ? undefined : single(evaluate(nat.port, packet, context));
  if (nat.port !== undefined && port === undefined) return unknown(nat, 'the rules do not say which port is taken');
  return translated(nat, packet, packet.family === 'IPv4' ? '127.0.0.1' : '::1', port);
}

/** To what a map gives, which may be drawn. */
function byMap(nat: Nat, by: Expression, packet: Packet, context: WalkContext, apart: 'address' | 'both'): Done {
  const value = evaluate(by, packet, context);
  const map = by.kind === 'map' ? by.map : undefined;
  if (value === 'ABSENT') return BREAK;
  if (value === undefined) return end(unknown(nat, 'where to is not known'));
  const to = (parts: readonly string[] | undefined): OneEffect =>
    parts === undefined ? MISS : translated(nat, packet, parts[0], apart === 'both' ? parts[1] : undefined);
  if (!isDrawn(value)) return end(to(value));
  const { at } = value;
  const ways = drawnWays(value, map, (outcome) => to(at(outcome)));
  return end(ways.length === 1 ? (ways[0]?.effect ?? MISS) : { action: 'CHOICE', ways });
}

/** `dnat to …`, `snat to …`, `masquerade`, `redirect to …`: rewrites an end of the flow. */
export const nat: StatementCodec<Nat> = {
  write(statement) {
    const { kind, family, both, address, port } = statement;
    if (both !== undefined) return `${kind} ${family ?? 'ip'} addr . port to ${write(both)}${flagText(statement)}`;
    if (address === undefined && port === undefined) return `${kind}${flagText(statement)}`;
    return `${kind}${family === undefined ? '' : ` ${family}`} to ${endText(statement, write)}${flagText(statement)}`;
  },
  save(statement) {
    const { kind, family, both, address, port } = statement;
    if (both !== undefined) return `${kind} ${family ?? 'ip'} to ${save(both)}${flagText(statement)}`;
    if (address === undefined && port === undefined) return `${kind}${flagText(statement)}`;
    return `${kind}${family === undefined ? '' : ` ${family}`} to ${endText(statement, saveEnd)}${flagText(statement)}`;
  },
  apply(statement, packet, context) {
    const { kind, both, address, port } = statement;
    if (kind === 'masquerade') return end(masquerade(statement, packet, context));
    if (kind === 'redirect') return end(redirect(statement, packet, context));
    if (both !== undefined) return byMap(statement, both, packet, context, 'both');
    if (address?.kind === 'map' && port === undefined) {
      return byMap(statement, address, packet, context, 'address');
    }
    const to = address === undefined ? undefined : single(evaluate(address, packet, context));
    if (address !== undefined && to === undefined) {
      return end(unknown(statement, 'the rules do not say which address is taken'));
    }
    const number = port === undefined ? undefined : single(evaluate(port, packet, context));
    if (port !== undefined && number === undefined && kind === 'dnat') {
      return end(unknown(statement, 'the rules do not say which port is taken'));
    }
    return end(translated(statement, packet, to, number));
  },
};
