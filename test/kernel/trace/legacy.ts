import { NO_HEADER, type ReadTrace, type TracedHeader, type TraceEntry } from './entry.js';
import type { RulesByChain } from './rule-numbers.js';

/**
 * The command that reports packets with a trace: the kernel's log of group 0, as a capture file. It stays who it is:
 * another user it could become is not known in a user namespace.
 */
export const LEGACY_WATCH: readonly string[] = [
  'tcpdump',
  '-Z',
  'root',
  '--immediate-mode',
  '-U',
  '-i',
  'nflog:0',
  '-w',
  '-',
];

const RECORD_HEADER = 16;
const NFLOG_HEADER = 4;
/** Attributes of a logged packet (linux/netfilter/nfnetlink_log.h). */
const PAYLOAD = 9;
const PREFIX = 10;

const LOOPBACK = Buffer.from('00000000000000000000000000000001', 'hex');

function attributes(record: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = NFLOG_HEADER; at + 4 <= record.length; ) {
    const length = record.readUInt16LE(at);
    if (length < 4) break;
    found.set(record.readUInt16LE(at + 2) & 0x7fff, record.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function headerOf(packet: Buffer): TracedHeader {
  const isIPv6 = (packet[0] ?? 0) >> 4 === 6;
  const number = packet[isIPv6 ? 6 : 9];
  const transport = packet.subarray(isIPv6 ? 40 : ((packet[0] ?? 0) & 15) * 4);
  const protocol = number === 6 ? 'TCP' : number === 17 ? 'UDP' : 'OTHER';
  if (protocol === 'OTHER' || transport.length < 8) return NO_HEADER;
  return {
    protocol,
    sourcePort: transport.readUInt16BE(0),
    destinationPort: transport.readUInt16BE(2),
    loopback: isIPv6 ? packet.subarray(24, 40).equals(LOOPBACK) : packet[16] === 127,
    acknowledges: protocol === 'TCP' && ((transport[13] ?? 0) & 0x10) !== 0,
  };
}

/**
 * Reads a capture of the kernel's log. The prefix of each record tells what was met: `TRACE: nat:KUBE-SVC-…:rule:2`,
 * by the rule's number, or `return` and `policy` at a chain's end.
 */
export function readLegacyTrace(reported: Buffer, rules: RulesByChain): ReadTrace {
  const entries: TraceEntry[] = [];
  // The file's own header is before the first record of all.
  let at = reported.length >= 4 && reported.readUInt32LE(0) === 0xa1b2c3d4 ? 24 : 0;
  while (at + RECORD_HEADER <= reported.length) {
    const length = reported.readUInt32LE(at + 8);
    if (at + RECORD_HEADER + length > reported.length) break;
    const record = reported.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    at += RECORD_HEADER + length;
    const found = attributes(record);
    const prefix = found.get(PREFIX)?.toString('latin1').replace(/\0.*$/, '') ?? '';
    const trace = /^TRACE: ([^:]+):([^:]+):(rule|return|policy):(\d+)/.exec(prefix);
    if (trace === null) continue;
    const [, table = '', chain = '', kind, number] = trace;
    const rule = kind === 'rule' ? rules.get(`${table} ${chain}`)?.[Number(number) - 1] : undefined;
    if (kind === 'rule' && rule === undefined) throw new Error(`no rule ${number} in ${table} ${chain}`);
    entries.push({ table, chain, rule, ...headerOf(found.get(PAYLOAD) ?? Buffer.alloc(0)) });
  }
  return { entries, rest: reported.subarray(at) };
}
