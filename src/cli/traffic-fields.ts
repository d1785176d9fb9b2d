/** How much is sent, as options say it. */

import { readSource } from '../words/read-targets.js';
import { readPair } from '../words/read-values.js';
import type { Arguments } from './arguments.js';
import { type Fields, field, numberOf, readNumber } from './field-parts.js';

/** The sources of an option `SOURCE=NUMBER`, each with its number under a name. */
function trafficSources(args: Arguments, option: string, unit: string): readonly Fields[] {
  return args.all(option).map((text) => {
    const [source, value] = readPair(`--${option}`, text, 'SOURCE=NUMBER');
    const from = source.startsWith('zone/') ? { zone: source.slice(5) } : { source: readSource(`--${option}`, source) };
    return { ...from, [unit]: readNumber(`--${option} ${source}`, value) };
  });
}

/** How much is sent, as options say it. */
export function traffic(args: Arguments): Fields {
  const sources = [
    ...trafficSources(args, 'traffic-from', 'requestsPerSecond'),
    ...trafficSources(args, 'connections-from', 'connections'),
  ];
  const said = {
    ...field('connections', numberOf(args, 'connections')),
    ...field('requestsPerSecond', numberOf(args, 'rps')),
    ...field('connectionsPerSecond', numberOf(args, 'connections-per-second')),
    ...field('requestsPerConnection', numberOf(args, 'requests-per-connection')),
    ...field('lifetimeSeconds', numberOf(args, 'lifetime')),
    ...field('clients', numberOf(args, 'client-count')),
    ...field('clientsBehindOneAddress', numberOf(args, 'clients-behind-nat')),
    ...field('capacity', numberOf(args, 'capacity')),
    ...field('maxRequestsPerSecond', numberOf(args, 'max-rps')),
    ...field('cpuMillisecondsPerRequest', numberOf(args, 'cpu-per-request')),
    ...field('maxChance', numberOf(args, 'max-chance', true)),
    ...field('bytesPerRequest', numberOf(args, 'bytes-per-request')),
    ...field('pricePerGigabyte', numberOf(args, 'price-per-gigabyte')),
    ...(sources.length === 0 ? {} : { sources }),
  };
  return Object.keys(said).length === 0 ? {} : { traffic: said };
}
