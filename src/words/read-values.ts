import type { IPFamily } from '../base/address.js';
import { didYouMeanOption } from '../base/did-you-mean.js';
import { formatFraction, fraction } from '../base/fraction.js';
import { UsageError } from './usage-error.js';

/** One of several words, spelled in any case and with - or _; the value is the request's spelling. */
export function oneOf<T extends string>(option: string, text: string, words: readonly T[]): T {
  const wanted = text.toLowerCase().replaceAll('-', '_');
  const found = words.find((word) => word.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const spelled = words.map((word) => word.toLowerCase().replaceAll('_', '-'));
  throw new UsageError(`${option} is ${spelled.join(', ')}, not ${text}.${didYouMeanOption(text, spelled)}`);
}

const FAMILIES: Readonly<Record<string, IPFamily>> = { '4': 'IPv4', '6': 'IPv6', ipv4: 'IPv4', ipv6: 'IPv6' };

export function readFamily(text: string): IPFamily {
  const family = Object.hasOwn(FAMILIES, text.toLowerCase()) ? FAMILIES[text.toLowerCase()] : undefined;
  if (family === undefined) throw new UsageError(`--family is 4, 6, IPv4 or IPv6, not ${text}.`);
  return family;
}

/** A whole number of at most 15 digits. */
export function readWhole(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${option} is a whole number, not ${text}.`);
  return Number(text);
}

/** A port of a listening socket or a packet. */
export function readPort(option: string, text: string, least = 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= least && port <= 65535)) {
    throw new UsageError(`${option} is a port from ${least} to 65535, not ${text === '' ? 'empty' : text}.`);
  }
  return port;
}

/** Splits `KEY=VALUE` at the last equals sign. */
export function readPair(option: string, text: string, shape: string): readonly [string, string] {
  const at = text.lastIndexOf('=');
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${option} is ${shape}, not ${text}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `1/20`, `0.05` or `5%` as an exact fraction; an integer stays one. */
export function readFraction(option: string, text: string): string {
  if (/^\d{1,40}(\/\d{1,40})?$/.test(text)) return text;
  const match = /^(\d{0,15})(?:\.(\d{1,15}))?\s?(%?)$/.exec(text);
  const [, whole = '', decimals = '', percent = ''] = match ?? [];
  if (match === null || whole + decimals === '') {
    throw new UsageError(`${option} is a number, p/q or a percentage, as 1/20, 0.05 or 5%, not ${text}.`);
  }
  return formatFraction(
    fraction(BigInt(`${whole}${decimals}`), 10n ** BigInt(decimals.length + (percent === '' ? 0 : 2))),
  );
}
