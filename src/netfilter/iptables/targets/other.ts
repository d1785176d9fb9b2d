import type { PassingTarget, UnknownTarget } from '../../statements.js';
import type { TargetCodec } from '../codec.js';
import { quoteSaved, quoteToken } from '../quoting.js';

/** Targets after which the packet goes on as it was, as far as its way is concerned. */
const PASSING = [
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CONNSECMARK',
  'CT',
  'DSCP',
  'HL',
  'IDLETIMER',
  'LED',
  'LOG',
  'NFLOG',
  'NOTRACK',
  'RATEEST',
  'SECMARK',
  'TCPMSS',
  'TCPOPTSTRIP',
  'TEE',
  'TOS',
  'TRACE',
  'TTL',
  'ULOG',
];

/** Whether a target of this name and these words lets the packet pass on unchanged. */
export function isPassing(name: string, tokens: readonly string[]): boolean {
  // CONNMARK writes the flow's mark, which matters only once it is restored into the packet's.
  return PASSING.includes(name) || (name === 'CONNMARK' && !tokens.includes('--restore-mark'));
}

type Other = PassingTarget | UnknownTarget;

function joined({ name, tokens }: Other, quote: (token: string) => string): string {
  return [`-j ${name}`, ...tokens.map(quote)].join(' ');
}

function saved(token: string): string {
  return /[\s"'\\]/.test(token) || token === '' ? quoteSaved(token) : token;
}

const texts = {
  names: [],
  options: {},
  parse: () => undefined,
  write: (target: Other) => joined(target, quoteToken),
  save: (target: Other) => joined(target, saved),
  label: (target: Other) => target.name,
  list: (target: Other) => target.tokens.map(saved).join(' '),
};

/** LOG, CT, TCPMSS … with their options word by word. How `iptables -L` tells them is their own affair. */
export const passingTarget: TargetCodec<PassingTarget> = {
  ...texts,
  apply(target, packet) {
    const untracked = target.name === 'NOTRACK' || (target.name === 'CT' && target.tokens.includes('--notrack'));
    if (!untracked) return { action: 'PASS' };
    return { action: 'PASS', packet: { ...packet, connection: { state: 'UNTRACKED', dnat: false, snat: false } } };
  },
};

/** A target that is not known. */
export const unknownTarget: TargetCodec<UnknownTarget> = {
  ...texts,
  apply: (target) => ({ action: 'UNKNOWN', detail: `the target ${target.name} is not known` }),
};
