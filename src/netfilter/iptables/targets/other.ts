import type { TargetCodec } from '../match-codec.js';
import { quoteSaved, quoteToken } from '../quoting.js';
import type { PassingTarget, UnknownTarget } from '../statements.js';

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

/** Whether a target of this name lets the packet pass on unchanged. */
export function isPassing(name: string): boolean {
  return PASSING.includes(name);
}

type Other = PassingTarget | UnknownTarget;

function joined({ name, tokens }: Other, quote: (token: string) => string): string {
  return [`-j ${name}`, ...tokens.map(quote)].join(' ');
}

/** Options whose value iptables prints as a string, quoted unless it is all letters, digits, `_` and `-`. */
const STRINGS = ['--log-prefix', '--nflog-prefix', '--ulog-prefix'];

function savedTokens({ name, tokens }: Other): string {
  const quoted = tokens.map((token, index) =>
    STRINGS.includes(tokens[index - 1] ?? '') ? quoteSaved(token) : saved(token),
  );
  return [`-j ${name}`, ...quoted].join(' ');
}

function saved(token: string): string {
  return /[\s"'\\]/.test(token) || token === '' ? quoteSaved(token) : token;
}

const texts = {
  names: [],
  options: {},
  parse: () => undefined,
  write: (target: Other) => joined(target, quoteToken),
  save: savedTokens,
  label: (target: Other) => target.name,
  list: (target: Other) => target.tokens.map(saved).join(' '),
};

/** LOG, CT, TCPMSS … with their options word by word. How `iptables -L` shows them is their own affair. */
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
