/**
 * Which real server of a virtual server a new connection gets: the schedulers of ip_vs, each with the kind of number
 * that it gives.
 */
import { joinHostPort } from '../../base/address.js';
import { compare, divide, type Fraction, fraction, ONE, sum } from '../../base/fraction.js';
import type { Packet } from '../packet.js';
import type { ChanceBasis } from '../walk/types.js';
import { bucketOf, destinationTable, maglevSlot, maglevTable, sourceTable } from './hash.js';
import { FLAGS, type RealServer, type VirtualServer } from './types.js';

/** A real server that a new connection may get. */
interface Choice {
  readonly server: RealServer;
  readonly share: Fraction;
}

/** What a scheduler does with a new connection. */
export interface Schedule {
  /** Shares sum to 1 with what is refused. */
  readonly choices: readonly Choice[];
  /** The share of connections that find a real server of weight 0 where their hash leads them. */
  readonly refused: Fraction;
  /** What kind of numbers these are; absent: exact. */
  readonly basis?: ChanceBasis;
}

/** How connections are spread over time, for schedulers that look at the connections that servers hold. */
export type Pattern = 'BALANCED' | 'ONE_AT_A_TIME';

const ZERO = fraction(0, 1);
const NOBODY: Schedule = { choices: [], refused: ONE };

const name = ({ address, port }: RealServer) => joinHostPort(address, port);
const assumed = (why: string): ChanceBasis => ({ kind: 'ASSUMED', why });
const exact = (why: string): ChanceBasis => ({ kind: 'EXACT', why });

const ALONE = exact('One real server alone takes new connections.');

function only(server: RealServer | undefined, basis: ChanceBasis): Schedule {
  if (server === undefined) return NOBODY;
  return { choices: [{ server, share: ONE }], refused: ZERO, basis };
}

function byWeight(
  servers: readonly RealServer[],
  weightOf: (server: RealServer) => number,
  basis: ChanceBasis,
): Schedule {
  const all = servers.reduce((total, server) => total + weightOf(server), 0);
  if (all === 0) return NOBODY;
  // One server alone gets everything, whatever the connections do.
  if (servers.length === 1) return only(servers[0], ALONE);
  return {
    choices: servers.map((server) => ({ server, share: fraction(weightOf(server), all) })),
    refused: ZERO,
    basis,
  };
}

/** In the order of the kernel's list, which puts the server that is added last in front. */
function kernelOrder({ realServers }: VirtualServer): readonly RealServer[] {
  return [...realServers].reverse();
}

/**
 * The order in which rr and wrr give out connections, from the server that was added last: one round. Empty for other
 * schedulers; undefined where servers are left out.
 */
function cycleOf(virtual: VirtualServer): readonly RealServer[] | undefined {
  if (virtual.realServers.some(({ leftOut }) => leftOut !== undefined)) return undefined;
  const servers = kernelOrder(virtual).filter(({ weight }) => weight > 0);
  if (virtual.scheduler === 'rr') return servers;
  if (virtual.scheduler !== 'wrr') return [];
  const heaviest = Math.max(0, ...servers.map(({ weight }) => weight));
  const divisor = servers.reduce((known, { weight }) => greatestDivisor(known, weight), 0);
  const cycle: RealServer[] = [];
  // A round of very unequal weights is long: what is listed ends somewhere.
  for (let current = heaviest - divisor + 1; current > 0 && cycle.length < 1000; current -= divisor)
    cycle.push(...servers.filter(({ weight }) => weight >= current));
  return cycle;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

type Load = (server: RealServer) => number;

const connections: Load = ({ activeConnections = 0, inactiveConnections = 0 }) =>
  activeConnections * 256 + inactiveConnections;
const expectedDelay: Load = ({ activeConnections = 0 }) => activeConnections + 1;

/** The first server with the least load for its weight; a later one wins only where it has less. */
function least(servers: readonly RealServer[], load: Load, weighted = true): RealServer | undefined {
  let best: RealServer | undefined;
  for (const server of servers) {
    if (best === undefined) best = server;
    else if (load(server) * (weighted ? best.weight : 1) < load(best) * (weighted ? server.weight : 1)) best = server;
  }
  return best;
}

/** nq: an idle server at once, else as sed. */
function idleOrLeast(servers: readonly RealServer[]): RealServer | undefined {
  return servers.find(({ activeConnections = 0 }) => activeConnections === 0) ?? least(servers, expectedDelay);
}

interface ByConnections {
  readonly pick: (servers: readonly RealServer[]) => RealServer | undefined;
  readonly weighted: boolean;
  /** Whether connections that never overlap all go to one server; else they go round. */
  readonly sticks: boolean;
  /** Whether one server keeps an address of the Service until it has too many connections. */
  readonly byAddress?: boolean;
}

/** The schedulers that look at how many connections servers hold. */
const BY_CONNECTIONS: Readonly<Record<string, ByConnections>> = {
  lc: { pick: (servers) => least(servers, connections, false), weighted: false, sticks: false },
  wlc: { pick: (servers) => least(servers, connections), weighted: true, sticks: false },
  sed: { pick: (servers) => least(servers, expectedDelay), weighted: true, sticks: true },
  nq: { pick: idleOrLeast, weighted: true, sticks: true },
  lblc: { pick: (servers) => least(servers, connections), weighted: true, sticks: true, byAddress: true },
  lblcr: { pick: (servers) => least(servers, connections), weighted: true, sticks: true, byAddress: true },
};

function byConnections(
  { pick, weighted, sticks, byAddress }: ByConnections,
  servers: readonly RealServer[],
  scheduler: string,
  pattern: Pattern,
): Schedule {
  if (servers.length <= 1) return only(servers[0], ALONE);
  const known = servers.some(({ activeConnections }) => activeConnections !== undefined);
  const best = pick(servers) as RealServer;
  if (known) {
    const kept = byAddress === true ? ' An address that has a server already keeps it until that has too many.' : '';
    return only(
      best,
      assumed(
        `${scheduler}, for the connection counts that are given: the next connection goes to ${name(best)}, ` +
          `and changes them.${kept}`,
      ),
    );
  }
  if (byAddress === true) {
    return only(
      best,
      assumed(
        `${scheduler} sends all connections to one address to one real server, first to ${name(best)}, as ` +
          'long as that has no more open connections than its weight says; with more, others get some.',
      ),
    );
  }
  if (pattern === 'ONE_AT_A_TIME' && sticks)
    return only(best, assumed(`${scheduler}, if connections never overlap: all go to ${name(best)}.`));
  const why =
    pattern === 'ONE_AT_A_TIME'
      ? `${scheduler}, if connections never overlap: closed ones still count for a while, so that connections go round.`
      : `${scheduler}, in balance: if connections last alike and many are open at once, each real server holds ` +
        'its part.';
  const otherwise = sticks && pattern === 'BALANCED' ? ` If connections never overlap, all go to ${name(best)}.` : '';
  return byWeight(servers, ({ weight }) => (weighted ? weight : 1), assumed(why + otherwise));
}

/** Shares of a table's slots; those of servers without a weight are refused. */
function ofTable(table: Int32Array, servers: readonly RealServer[], basis: ChanceBasis): Schedule {
  if (table.length === 0) return NOBODY;
  const counts = new Int32Array(servers.length);
  for (const at of table) counts[at] = (counts[at] as number) + 1;
  const choices = servers
    .map((server, index) => ({ server, share: fraction(counts[index] as number, table.length) }))
    .filter(({ server, share }) => server.weight > 0 && compare(share, ZERO) > 0);
  const taken = sum(choices.map(({ share }) => share));
  const left = { n: taken.d - taken.n, d: taken.d };
  return { choices, refused: divide(left, ONE), basis: choices.length === 1 && left.n === 0n ? ALONE : basis };
}

/** The server at a place of a table, or with the flag the next one that may be used. */
function atSlot(
  table: Int32Array,
  servers: readonly RealServer[],
  slot: number,
  next: ((offset: number) => number) | undefined,
): RealServer | undefined {
  const at = (place: number) => {
    const server = servers[table[place] ?? -1];
    return server !== undefined && server.weight > 0 ? server : undefined;
  };
  const found = at(slot);
  if (found !== undefined || next === undefined) return found;
  for (let offset = 0; offset < table.length; offset++) {
    const other = at(next(offset));
    if (other !== undefined) return other;
  }
  return undefined;
}

/** sh and mh: by the client's address, and by its port with the flag. */
function bySource(virtual: VirtualServer, servers: readonly RealServer[], packet: Packet): Schedule {
  const maglev = virtual.scheduler === 'mh';
  // A Maglev table keeps the slots of a server whose weight went to 0; kube-proxy gives every other one weight 1.
  const table = maglev
    ? maglevTable(servers.map((server) => (server.weight === 0 ? { ...server, weight: 1 } : server)))
    : sourceTable(servers);
  const withPort = (virtual.flags & FLAGS.port) !== 0;
  const port = packet.sourcePort;
  if (table.length === 0) return NOBODY;
  if (withPort && (port === undefined || port === 0)) {
    const why =
      `${virtual.scheduler} chooses by the client's address and port: a new port for each connection is taken ` +
      'to spread them evenly over the slots of the hash table.';
    return ofTable(table, servers, assumed(why));
  }
  const counted = withPort ? (port as number) : 0;
  const slotOf = (offset: number) =>
    maglev ? maglevSlot(packet.source, counted + offset) : (bucketOf(packet.source, counted) + offset) % table.length;
  const slot = slotOf(0);
  let last = slot;
  const next = (offset: number) => {
    last = slotOf((offset + (maglev ? last : slot)) % table.length);
    return last;
  };
  const found = atSlot(table, servers, slot, (virtual.flags & FLAGS.fallback) !== 0 ? next : undefined);
  const who = withPort ? 'this address and port' : 'this client address';
  return only(found, exact(`${virtual.scheduler} gives ${who} the same real server each time.`));
}

/** fo: the heaviest server gets all. */
function heaviest(servers: readonly RealServer[]): RealServer | undefined {
  let best: RealServer | undefined;
  for (const server of servers) if (server.weight > (best?.weight ?? 0)) best = server;
  return best;
}

/** The schedulers that a kernel may have. */
export const SCHEDULERS: readonly string[] = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'sed',
  'nq',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'mh',
  'fo',
  'ovf',
  'twos',
];

/**
 * What becomes of a new connection at a virtual server, undefined for a scheduler that is not modelled.
 *
 * @param anyClient the packet stands for clients whose address is not known: a hash then gives the shares of its slots
 */
export function schedule(
  virtual: VirtualServer,
  packet: Packet,
  pattern: Pattern,
  anyClient: boolean,
): Schedule | undefined {
  const { scheduler } = virtual;
  const all = kernelOrder(virtual);
  const servers = all.filter(({ weight }) => weight > 0);
  const counting = Object.hasOwn(BY_CONNECTIONS, scheduler) ? BY_CONNECTIONS[scheduler] : undefined;
  if (counting !== undefined) return byConnections(counting, servers, scheduler, pattern);
  switch (scheduler) {
    case 'rr':
    case 'wrr':
      return byWeight(servers, ({ weight, leftOut }) => (scheduler === 'rr' ? 1 : weight) * (leftOut?.count ?? 1), {
        kind: 'LONG_RUN',
        why:
          `${scheduler} gives connections out in turn, whoever opens them, from the real server that was added ` +
          'last: the shares are those of many connections.',
        cycle: cycleOf(virtual)?.map(name),
      });
    case 'dh':
      return only(
        atSlot(destinationTable(all), all, bucketOf(packet.destination), undefined),
        exact('dh gives each address of a Service one real server, whoever connects.'),
      );
    case 'sh':
    case 'mh':
      if (anyClient && servers.length > 1) {
        const table =
          scheduler === 'sh'
            ? sourceTable(all)
            : maglevTable(all.map((server) => (server.weight === 0 ? { ...server, weight: 1 } : server)));
        return ofTable(
          table,
          all,
          assumed(
            `${scheduler} gives each client address the same real server each time: the shares are those of ` +
              'the slots of its table, over clients whose addresses spread evenly.',
          ),
        );
      }
      return bySource(virtual, all, packet);
    case 'fo':
      return only(heaviest(servers), exact('fo gives all connections to the real server with the highest weight.'));
    default:
      return undefined;
  }
}
