/** The hashes by which IPVS finds a real server for an address (net/netfilter/ipvs/ip_vs_{sh,dh,mh}.c). */
import { addressOf } from '../../base/address.js';

/** `GOLDEN_RATIO_32` of include/linux/hash.h (Linux 4.7 and later). */
const GOLDEN_RATIO = 0x61c88647;
/** CONFIG_IP_VS_SH_TAB_BITS and CONFIG_IP_VS_DH_TAB_BITS, which distributions leave at 8. */
const TABLE_BITS = 8;
const TABLE_SIZE = 1 << TABLE_BITS;
/** The Maglev table at its default size, CONFIG_IP_VS_MH_TAB_INDEX 12. */
const MAGLEV_SIZE = 4093;
const MAGLEV_BITS = 6;

/** An address as 32 bits: those of IPv6 are its four words, exclusive-ored. */
function folded(text: string): number {
  const address = addressOf(text);
  if (address === undefined) return 0;
  let bits = address.bits;
  let fold = 0;
  for (; bits > 0n; bits >>= 32n) fold ^= Number(bits & 0xffffffffn);
  return fold >>> 0;
}

/** `hash_32(value, 8)`: the bucket of source and destination hashing. */
export function bucketOf(address: string, port = 0): number {
  return Math.imul((folded(address) + port) >>> 0, GOLDEN_RATIO) >>> (32 - TABLE_BITS);
}

const ALL = (1n << 64n) - 1n;
const rotated = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & ALL;

/**
 * `hsiphash` of a 64-bit kernel for one 32-bit word: SipHash-1-3, its halves folded. Both halves of the key are alike.
 */
function sipHash(word: number, key: bigint): number {
  let v0 = 0x736f6d6570736575n ^ key;
  let v1 = 0x646f72616e646f6dn ^ key;
  let v2 = 0x6c7967656e657261n ^ key;
  let v3 = 0x7465646279746573n ^ key;
  const round = () => {
    v0 = (v0 + v1) & ALL;
    v1 = rotated(v1, 13n) ^ v0;
    v0 = rotated(v0, 32n);
    v2 = (v2 + v3) & ALL;
    v3 = rotated(v3, 16n) ^ v2;
    v0 = (v0 + v3) & ALL;
    v3 = rotated(v3, 21n) ^ v0;
    v2 = (v2 + v1) & ALL;
    v1 = rotated(v1, 17n) ^ v2;
    v2 = rotated(v2, 32n);
  };
  const block = (4n << 56n) | BigInt(word >>> 0);
  v3 ^= block;
  round();
  v0 ^= block;
  v2 ^= 0xffn;
  round();
  round();
  round();
  return Number((v0 ^ v1 ^ v2 ^ v3) & 0xffffffffn);
}

const KEY_1 = 2654435761n;
const KEY_2 = 2654446892n;

function maglevHash(address: string, port: number, key: bigint): number {
  return sipHash((folded(address) + port) >>> 0, key);
}

/** The slot of the Maglev table that a client's address, and its port with `mh-port`, falls into. */
export function maglevSlot(address: string, port = 0): number {
  return maglevHash(address, port, KEY_1) % MAGLEV_SIZE;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** A real server as the tables need it. */
export interface Weighted {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
}

/**
 * The Maglev table: which server has which slot, as an index into `servers`, which are in the order of the kernel's
 * list. Empty where no server has a weight.
 */
export function maglevTable(servers: readonly Weighted[]): Int32Array {
  const table = new Int32Array(MAGLEV_SIZE).fill(-1);
  const divisor = servers.reduce((known, { weight }) => greatestDivisor(known, weight), 0);
  if (divisor < 1) return new Int32Array(0);
  const heaviest = Math.max(...servers.map(({ weight }) => weight)) / divisor;
  const shift = Math.max(0, 32 - Math.clz32(heaviest) - MAGLEV_BITS);
  const drafts = servers.map(({ address, port, weight }) => ({
    at: maglevHash(address, port, KEY_1) % MAGLEV_SIZE,
    skip: (maglevHash(address, port, KEY_2) % (MAGLEV_SIZE - 1)) + 1,
    turns: (weight / divisor) >> shift || (weight === 0 ? 0 : 1),
  }));
  for (let filled = 0; ; ) {
    for (const [index, draft] of drafts.entries()) {
      for (let turn = 0; turn < draft.turns; turn++) {
        while (table[draft.at] !== -1) draft.at = (draft.at + draft.skip) % MAGLEV_SIZE;
        table[draft.at] = index;
        if (++filled === MAGLEV_SIZE) return table;
      }
    }
  }
}

/** The table of source hashing: each server has as many buckets in a row as its weight says. */
export function sourceTable(servers: readonly Weighted[]): Int32Array {
  const table = new Int32Array(servers.length === 0 ? 0 : TABLE_SIZE);
  let [at, taken] = [0, 0];
  for (let bucket = 0; bucket < table.length; bucket++) {
    table[bucket] = at;
    if (++taken >= (servers[at]?.weight ?? 1)) [at, taken] = [(at + 1) % servers.length, 0];
  }
  return table;
}

/** The table of destination hashing: the servers in turn, whatever their weights. */
export function destinationTable(servers: readonly Weighted[]): Int32Array {
  return Int32Array.from({ length: servers.length === 0 ? 0 : TABLE_SIZE }, (_, bucket) => bucket % servers.length);
}
