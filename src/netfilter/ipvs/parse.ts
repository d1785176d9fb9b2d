/** Virtual servers as `ipvsadm -S -n` and `ipvsadm -Ln` print them. */
import { type IPFamily, splitHostPort } from '../../base/address.js';
import { MAX_PROBLEMS, type Problem, QuestionError } from '../../base/errors.js';
import { virtualServerName } from './save.js';
import { SCHEDULERS } from './schedule.js';
import { FLAGS, type Forwarding, type RealServer, type VirtualServer } from './types.js';

const NUMBERS = 'give what `ipvsadm -S -n` or `ipvsadm -Ln` prints, with numbers';
const PROTOCOLS: Readonly<Record<string, VirtualServer['protocol']>> = {
  '-t': 'TCP',
  '--tcp-service': 'TCP',
  '-u': 'UDP',
  '--udp-service': 'UDP',
  '--sctp-service': 'SCTP',
};
const FORWARDING: Readonly<Record<string, Forwarding>> = {
  '-m': 'MASQUERADE',
  '--masquerading': 'MASQUERADE',
  '-g': 'ROUTE',
  '--gatewaying': 'ROUTE',
  '-i': 'TUNNEL',
  '--ipip': 'TUNNEL',
  Masq: 'MASQUERADE',
  Route: 'ROUTE',
  Tunnel: 'TUNNEL',
  // A real server on the node itself, as -Ln of older versions has it.
  Local: 'ROUTE',
};
/** `ipvsadm -b`: names of flags, by their bit. */
const FLAG_NAMES: Readonly<Record<string, number>> = {
  'flag-1': FLAGS.fallback,
  'sh-fallback': FLAGS.fallback,
  'mh-fallback': FLAGS.fallback,
  'flag-2': FLAGS.port,
  'sh-port': FLAGS.port,
  'mh-port': FLAGS.port,
  'flag-3': 0x20,
};

/** A virtual server while its real servers are read. */
interface Draft extends Omit<VirtualServer, 'realServers'> {
  readonly realServers: RealServer[];
  readonly family: IPFamily | undefined;
}

/** Wrong text; becomes a problem with its line. */
class LineError extends Error {}

function place(text: string | undefined, what: string): { readonly address: string; readonly port: number } {
  const found = splitHostPort(text ?? '');
  if (found === undefined)
    throw new LineError(`"${(text ?? '').slice(0, 60)}" is not the address and port of a ${what}: ${NUMBERS}`);
  return found;
}

function number(text: string | undefined, what: string): number {
  if (text === undefined || !/^\d{1,10}$/.test(text))
    throw new LineError(`"${(text ?? '').slice(0, 30)}" is not a number: ${what} is one`);
  return Number(text);
}

function schedulerOf(text: string): string {
  if (!SCHEDULERS.includes(text))
    throw new LineError(`there is no scheduler ${text.slice(0, 30)}: ${SCHEDULERS.join(', ')} are known`);
  return text;
}

function flagsOf(text: string): number {
  let flags = 0;
  for (const name of text.split(',')) {
    const bit = FLAG_NAMES[name];
    if (bit === undefined) throw new LineError(`there is no flag ${name.slice(0, 30)} of a scheduler`);
    flags |= bit;
  }
  return flags;
}

const familyOf = (address: string): IPFamily => (address.includes(':') ? 'IPv6' : 'IPv4');
const MAX_WEIGHT = 2 ** 31 - 1;

/** Reads one text. Collects problems instead of stopping at the first, so that a user sees them all. */
class Reader {
  readonly drafts: Draft[] = [];
  readonly #byName = new Map<string, Draft>();
  readonly problems: Problem[] = [];
  count = 0;
  #listing: Draft | undefined;

  readonly #pointer: string;

  constructor(pointer: string) {
    this.#pointer = pointer;
  }

  read(text: string): void {
    for (const [index, raw] of text.split('\n').entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      try {
        this.#readLine(line);
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        this.count++;
        if (this.problems.length < MAX_PROBLEMS)
          this.problems.push({ pointer: this.#pointer, detail: `line ${index + 1}: ${error.message}` });
      }
    }
  }

  #readLine(line: string): void {
    if (/^IP Virtual Server version|^Prot LocalAddress:Port Scheduler/.test(line)) return;
    if (/^-> RemoteAddress:Port +Forward Weight ActiveConn InActConn/.test(line)) return;
    if (/^Prot LocalAddress:Port|^-> RemoteAddress:Port/.test(line))
      throw new LineError(`this is a table of counters: ${NUMBERS}, without other options`);
    const words = line.split(/\s+/);
    const [first = ''] = words;
    if (first === '-A' || first === '--add-service') this.#addSaved(words.slice(1));
    else if (first === '-a' || first === '--add-server') this.#addServer(words.slice(1));
    else if (first === 'TCP' || first === 'UDP' || first === 'SCTP' || first === 'FWM') this.#addListed(words);
    else if (first === '->') this.#addListedServer(words.slice(1));
    else throw new LineError(`"${line.slice(0, 60)}" is no line of ipvsadm: ${NUMBERS}`);
  }

  #add(draft: Draft): Draft {
    const name = virtualServerName(draft) + (draft.firewallMark === undefined ? '' : ` ${draft.family}`);
    if (this.#byName.has(name)) throw new LineError(`the virtual server ${name} is there twice`);
    this.#byName.set(name, draft);
    this.drafts.push(draft);
    return draft;
  }

  /** `-t ADDRESS:PORT`, `-f MARK [-6]`: the name of a virtual server, and what is behind it. */
  #selector(words: readonly string[]): { readonly draft: Draft; readonly rest: readonly string[] } {
    const [option = '', value, ...rest] = words;
    const base = { scheduler: 'wlc', flags: 0, timeout: 0, realServers: [] };
    if (option === '-f' || option === '--fwmark-service') {
      const isV6 = rest[0] === '-6' || rest[0] === '--ipv6';
      const mark = number(value, 'a firewall mark');
      const family = isV6 ? 'IPv6' : 'IPv4';
      const draft: Draft = { ...base, address: '', port: 0, protocol: 'TCP', firewallMark: mark, family };
      return { draft, rest: isV6 ? rest.slice(1) : rest };
    }
    const protocol = PROTOCOLS[option];
    if (protocol === undefined)
      throw new LineError(`"${option.slice(0, 30)}" names no virtual server: -t, -u, --sctp-service or -f would`);
    const { address, port } = place(value, 'virtual server');
    return { draft: { ...base, address, port, protocol, family: familyOf(address) }, rest };
  }

  #addSaved(words: readonly string[]): void {
    const { draft, rest } = this.#selector(words);
    let { scheduler, flags, timeout } = draft;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at] as string;
      const next = rest[at + 1];
      if (word === '-s' || word === '--scheduler') {
        scheduler = schedulerOf(next ?? '');
        at++;
      } else if (word === '-p' || word === '--persistent') {
        flags |= FLAGS.persistent;
        const given = next !== undefined && /^\d+$/.test(next);
        timeout = given ? number(next, 'a timeout') : 360;
        if (given) at++;
      } else if (word === '-b' || word === '--sched-flags') {
        flags |= flagsOf(next ?? '');
        at++;
      } else if (word === '-o' || word === '-O' || word === '--ops') flags |= FLAGS.onePacket;
      else if (word === '-M' || word === '--netmask' || word === '--pe') at++;
      else throw new LineError(`"${word.slice(0, 30)}" is not an option of a virtual server that is known`);
    }
    this.#add({ ...draft, scheduler, flags, timeout });
  }

  #addServer(words: readonly string[]): void {
    const { draft, rest } = this.#selector(words);
    const name = virtualServerName(draft) + (draft.firewallMark === undefined ? '' : ` ${draft.family}`);
    const virtual = this.#byName.get(name);
    if (virtual === undefined)
      throw new LineError(
        `a real server of ${name}, which is no virtual server of the text: "-A …" would add it before`,
      );
    let real: RealServer | undefined;
    let weight = 1;
    let forwarding: Forwarding = 'ROUTE';
    let limited = false;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at] as string;
      const next = rest[at + 1];
      const method = word.startsWith('-') ? FORWARDING[word] : undefined;
      if (word === '-r' || word === '--real-server') {
        real = { ...place(next, 'real server'), weight: 1 };
        at++;
      } else if (word === '-w' || word === '--weight') {
        weight = number(next, 'a weight');
        at++;
      } else if (method !== undefined) forwarding = method;
      else if (word === '-x' || word === '--u-threshold') {
        limited ||= number(next, 'a limit') > 0;
        at++;
      } else if (word === '-y' || word === '--l-threshold' || word === '--tun-type') at++;
      else throw new LineError(`"${word.slice(0, 30)}" is not an option of a real server that is known`);
    }
    if (real === undefined) throw new LineError('a real server without "-r ADDRESS:PORT"');
    this.#put(virtual, { ...real, weight, forwarding, ...(limited && { limited }) });
  }

  #put(virtual: Draft, server: RealServer): void {
    if (server.weight > MAX_WEIGHT) throw new LineError(`${server.weight} is no weight: at most ${MAX_WEIGHT}`);
    if (virtual.realServers.some(({ address, port }) => address === server.address && port === server.port))
      throw new LineError(
        `the real server ${server.address} port ${server.port} of ${virtualServerName(virtual)} is there twice`,
      );
    if (
      virtual.family !== undefined &&
      server.forwarding === 'MASQUERADE' &&
      familyOf(server.address) !== virtual.family
    )
      throw new LineError(`${server.address} is not of the family of its virtual server, ${virtual.family}`);
    virtual.realServers.push(server);
  }

  /** `TCP  10.96.0.10:80 rr (flags) persistent 1800 mask …`, `FWM  5 IPv6 rr`. */
  #addListed(words: readonly string[]): void {
    this.#listing = undefined;
    const [kind = '', where, ...others] = words;
    const isV6 = kind === 'FWM' && others[0] === 'IPv6';
    const [scheduler = '', ...rest] = isV6 ? others.slice(1) : others;
    const base = { scheduler: schedulerOf(scheduler), realServers: [] };
    let flags = 0;
    let timeout = 0;
    for (let at = 0; at < rest.length; at++) {
      const word = rest[at] as string;
      if (/^\(.*\)$/.test(word)) flags |= flagsOf(word.slice(1, -1));
      else if (word === 'persistent') {
        flags |= FLAGS.persistent;
        timeout = number(rest[++at], 'a timeout');
      } else if (word === 'ops') flags |= FLAGS.onePacket;
      else if (word === 'mask' || word === 'pe') at++;
      else throw new LineError(`"${word.slice(0, 30)}" is not known behind the scheduler of a virtual server`);
    }
    if (kind === 'FWM') {
      const firewallMark = number(where, 'a firewall mark');
      const family = isV6 ? 'IPv6' : 'IPv4';
      this.#listing = this.#add({
        ...base,
        flags,
        timeout,
        address: '',
        port: 0,
        protocol: 'TCP',
        firewallMark,
        family,
      });
      return;
    }
    const { address, port } = place(where, 'virtual server');
    const protocol = kind as VirtualServer['protocol'];
    this.#listing = this.#add({ ...base, flags, timeout, address, port, protocol, family: familyOf(address) });
  }

  /** `-> 10.244.0.5:8080  Masq  1  0  0`. */
  #addListedServer(words: readonly string[]): void {
    const virtual = this.#listing;
    if (virtual === undefined)
      throw new LineError('a real server without a virtual server: "TCP ADDRESS:PORT SCHEDULER" would be before');
    const [where, method = '', weight, active, inactive] = words;
    const forwarding = method.startsWith('-') ? undefined : FORWARDING[method];
    if (forwarding === undefined) throw new LineError(`"${method.slice(0, 30)}" is not Masq, Route or Tunnel`);
    this.#put(virtual, {
      ...place(where, 'real server'),
      weight: number(weight, 'the weight'),
      forwarding,
      activeConnections: number(active, 'ActiveConn'),
      inactiveConnections: number(inactive, 'InActConn'),
    });
  }
}

/**
 * Reads what `ipvsadm -S -n` or `ipvsadm -Ln` prints: the virtual servers of one family, with their real servers in the
 * order of the text. Throws QuestionError MALFORMED that names each line that is wrong; its problems point to
 * `pointer`.
 */
export function parseIpvsadm(text: string, family: IPFamily, pointer = ''): readonly VirtualServer[] {
  const reader = new Reader(pointer);
  reader.read(text);
  if (reader.count > 0) {
    const first = reader.problems[0]?.detail ?? '';
    const problems = `${reader.count} problem${reader.count === 1 ? '' : 's'}`;
    throw new QuestionError('MALFORMED', `The ipvsadm text cannot be read: ${problems}; ${first}`, reader.problems);
  }
  return reader.drafts.filter((draft) => draft.family === family).map(({ family: _, ...virtual }) => virtual);
}
