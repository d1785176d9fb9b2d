/** ipsets as `ipset save` prints them, and whether they hold a packet's addresses and ports. */
import { addressOf, cidrContains, networkOf } from '../base/address.js';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../base/errors.js';
import type { Packet } from './packet.js';
import { protocolNumber } from './protocols.js';

/** One part of an entry (`10.0.0.0/8`, `tcp:80-90`, `eth0`), and whether it holds the packet's value. */
type Part = (packet: Packet, direction: 'src' | 'dst') => boolean | undefined;

interface Entry {
  readonly parts: readonly Part[];
  /** `nomatch`: what it holds is not in the set. */
  readonly nomatch: boolean;
  /** How narrow its networks are: the narrowest entry that holds the packet counts. */
  readonly width: number;
}

interface IpSet {
  readonly type: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly entries: readonly Entry[];
  /** Its entries as they are written. */
  readonly texts: readonly string[];
  /** `list:set`: the sets that it is made of. */
  readonly members: readonly string[];
}

function addressPart(text: string): Part | undefined {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const [from, to] = [addressOf(text.slice(0, dash)), addressOf(text.slice(dash + 1))];
    if (from === undefined || to === undefined) return undefined;
    return (packet, direction) => {
      const address = addressOf(direction === 'src' ? packet.source : packet.destination);
      return address?.family === from.family && address.bits >= from.bits && address.bits <= to.bits;
    };
  }
  const network = networkOf(text);
  if (network === undefined) return undefined;
  return (packet, direction) => {
    const address = addressOf(direction === 'src' ? packet.source : packet.destination);
    return address !== undefined && cidrContains(network, address);
  };
}

function packetProtocol({ protocol, family }: Packet): number {
  return protocol === 'ICMP' ? (family === 'IPv4' ? 1 : 58) : (protocolNumber(protocol) ?? 0);
}

/** `80`, `80-90`, `udp:53`, `tcp:80-90`; without a protocol: TCP. */
function portPart(text: string, plain: boolean): Part | undefined {
  const [, name, from, to = from] = /^(?:([a-z0-9-]+):)?(\d{1,5})(?:-(\d{1,5}))?$/i.exec(text) ?? [];
  const number = name === undefined ? (plain ? undefined : 6) : protocolNumber(name);
  if (from === undefined || (name !== undefined && number === undefined)) return undefined;
  return (packet, direction) => {
    if (number !== undefined && number !== packetProtocol(packet)) return false;
    const port = direction === 'src' ? packet.sourcePort : packet.destinationPort;
    return port === undefined ? undefined : port >= Number(from) && port <= Number(to);
  };
}

function markPart(text: string): Part | undefined {
  const mark = Number(text);
  return Number.isInteger(mark) ? (packet) => packet.mark === mark : undefined;
}

const PARTS: Readonly<Record<string, (text: string, plain: boolean) => Part | undefined>> = {
  ip: addressPart,
  net: addressPart,
  port: portPart,
  mark: markPart,
  // Hardware addresses and interfaces are not known.
  mac: () => () => undefined,
  iface: () => () => undefined,
};

function widthOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + (networkOf(part)?.length ?? 128), 0);
}

function entryOf(type: string, text: string, nomatch: boolean): Entry | undefined {
  const kinds = type.slice(type.indexOf(':') + 1).split(',');
  const texts = text.split(',');
  const parts: Part[] = [];
  for (const [index, kind] of kinds.entries()) {
    const written = texts[index];
    // bitmap:ip,mac may leave the hardware address out.
    if (written === undefined)
      return kind === 'mac' && index > 0 ? { parts, nomatch, width: widthOf(texts) } : undefined;
    const part = Object.hasOwn(PARTS, kind) ? PARTS[kind]?.(written, type.startsWith('bitmap:')) : undefined;
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return { parts, nomatch, width: widthOf(texts) };
}

/** The sets of one node. */
export class IpSets {
  readonly #sets: ReadonlyMap<string, IpSet>;

  constructor(sets: ReadonlyMap<string, IpSet>) {
    this.#sets = sets;
  }

  /**
   * The addresses that a set of addresses alone holds (`hash:ip`); undefined for a set that the text does not create.
   */
  addressesOf(name: string): readonly string[] | undefined {
    return this.#sets.get(name)?.texts;
  }

  /**
   * Whether the set holds what the directions select of the packet. A set that the text does not create is not known;
   * nor is what depends on hardware addresses, interfaces or a port that is not known.
   */
  holds(name: string, packet: Packet, directions: readonly ('src' | 'dst')[], depth = 0): boolean | undefined {
    const set = this.#sets.get(name);
    if (set === undefined || depth > 1) return undefined;
    if (set.type === 'list:set') {
      const held = set.members.map((member) => this.holds(member, packet, directions, depth + 1));
      return held.includes(true) ? true : held.includes(undefined) ? undefined : false;
    }
    if (set.family !== packet.family) return false;
    let best: { readonly entry: Entry; readonly held: true | undefined } | undefined;
    for (const entry of set.entries) {
      const held = holdsEntry(entry, packet, directions);
      if (held === false || (best !== undefined && best.entry.width > entry.width)) continue;
      if (best === undefined || entry.width > best.entry.width || held === true) best = { entry, held };
    }
    if (best === undefined) return false;
    return best.held === undefined ? undefined : !best.entry.nomatch;
  }
}

function holdsEntry({ parts }: Entry, packet: Packet, directions: readonly ('src' | 'dst')[]): boolean | undefined {
  let result: boolean | undefined = true;
  for (const [index, part] of parts.entries()) {
    const direction = directions[index];
    const held = direction === undefined ? undefined : part(packet, direction);
    if (held === false) return false;
    if (held === undefined) result = undefined;
  }
  return result;
}

interface Draft {
  readonly type: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly entries: Entry[];
  readonly texts: string[];
  readonly members: string[];
}

/**
 * Reads what `ipset save` prints: `create NAME TYPE …` and `add NAME ENTRY …`. Throws QuestionError MALFORMED that
 * names each line that is neither; its problems point to `pointer`.
 */
export function parseIpsets(text: string, pointer = ''): IpSets {
  const sets = new Map<string, Draft>();
  const problems: Problem[] = [];
  let count = 0;
  const problem = (line: number, detail: string) => {
    count++;
    if (problems.length < MAX_PROBLEMS) problems.push({ pointer, detail: `line ${line}: ${detail}` });
  };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue;
    const [command, name = '', third = '', ...rest] = line.split(/\s+/);
    if (command === 'create' || command === '-N') {
      const family = rest[rest.indexOf('family') + 1] === 'inet6' && rest.includes('family') ? 'IPv6' : 'IPv4';
      sets.set(name, { type: third, family, entries: [], texts: [], members: [] });
    } else if (command === 'add' || command === '-A') {
      const set = sets.get(name);
      if (set === undefined) problem(index + 1, `the set ${name} is not created before`);
      else if (set.type === 'list:set') set.members.push(third);
      else {
        const entry = entryOf(set.type, third, rest.includes('nomatch'));
        if (entry === undefined) problem(index + 1, `"${third.slice(0, 60)}" is no entry of a set of type ${set.type}`);
        else {
          set.entries.push(entry);
          set.texts.push(third);
        }
      }
    } else {
      problem(
        index + 1,
        `"${line.slice(0, 60)}" is neither "create NAME TYPE" nor "add NAME ENTRY": \`ipset save\` prints these`,
      );
    }
  }
  if (count > 0) {
    const first = problems[0]?.detail ?? '';
    throw new QuestionError(
      'MALFORMED',
      `The ipset text cannot be read: ${count} problem${count === 1 ? '' : 's'}; ${first}`,
      problems,
    );
  }
  return new IpSets(sets);
}
