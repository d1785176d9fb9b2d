import { RuleError } from './match-codec.js';

/** Seconds of a unit and iptables' name for it, largest first; words may be cut short (`/m`, `/minu`). */
const UNITS: readonly (readonly [word: string, seconds: number, name: string])[] = [
  ['day', 86400, 'day'],
  ['hour', 3600, 'hour'],
  ['minute', 60, 'min'],
  ['second', 1, 'sec'],
];
/** A rate is kept as the time between two packets, in this part of a second (XT_LIMIT_SCALE). */
const SCALE = 10_000;

/** Whether a rate counts bytes (`512kb/s`) instead of packets. */
export function isByteRate(rate: string): boolean {
  return /b\/s$/.test(rate);
}

/**
 * A rate as `iptables-save` prints it: `120/minute` is `2/sec`, since it is kept as the time between two packets.
 * Throws RuleError for anything else.
 */
export function canonicalRate(text: string): string {
  if (/^\d+(?:|k|m)b\/s$/.test(text)) return text;
  const [, number, word = 'second'] = /^(\d{1,10})(?:\/([a-z]+))?$/i.exec(text) ?? [];
  const unit = UNITS.find(([full]) => full.startsWith(word.toLowerCase()));
  const count = Number(number);
  if (number === undefined || unit === undefined || count === 0)
    throw new RuleError(`"${text}" is no rate: "10/min" would be`);
  const between = Math.floor((SCALE * unit[1]) / count);
  if (between === 0) throw new RuleError(`"${text}" is too fast: at most ${SCALE}/second can be counted`);
  // libxt_limit print_rate: the smallest unit that is no shorter than the time and leaves little of it over.
  let at = 1;
  for (; at < UNITS.length; at++) {
    const whole = SCALE * (UNITS[at]?.[1] ?? 1);
    if (between > whole || Math.floor(whole / between) < whole % between) break;
  }
  const [, seconds, name] = UNITS[at - 1] as (typeof UNITS)[number];
  return `${Math.floor((SCALE * seconds) / between)}/${name}`;
}
