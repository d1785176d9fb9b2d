/** The least replicas that suffice, checked by the plain question: what is enough, and what one less would give. */
import { countIn, fieldsIn, GivenFault, has, numberIn, wordIn } from './given.js';
import { above, poissonLaw } from './numbers.js';
import { anyOver } from './occupancy/occupancy.js';
import type { Answer } from './throw-models.js';

/** More replicas than these are not tried. */
const MOST_REPLICAS = 20000;

/** Pods that are left of evenly spread ones when `lose` of the largest zones are lost. */
function podsLeft(replicas: number, zones: number, lose = 1): number {
  const [base, more] = [Math.floor(replicas / zones), replicas % zones];
  return replicas - (lose * base + Math.min(lose, more));
}

/** The least value from `from` on for which `holds`, which once true stays true: by galloping and bisection. */
function leastBy(from: number, holds: (n: number) => boolean, at: string): number {
  let high = Math.max(1, from);
  while (!holds(high)) {
    if (high > MOST_REPLICAS) {
      throw new GivenFault(
        at,
        `More than ${MOST_REPLICAS} replicas would be needed: the capacity or the chance asks too much.`,
      );
    }
    high *= 2;
  }
  let low = from;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function solve(value: unknown, at: string): Answer {
  const names = [
    'ask',
    'connections',
    'requestsPerSecond',
    'arrivalsPerSecond',
    'lifetimeSeconds',
    'capacity',
    'chance',
    'zones',
    'lose',
  ];
  const fields = fieldsIn(value, at, names);
  const ask = wordIn(fields, 'ask', at, ['connections', 'mean, zone lost', 'mean', 'poisson']);
  const capacity = numberIn(fields, 'capacity', at, { above: 0 });
  const zones = has(fields, 'zones') ? countIn(fields, 'zones', at, 2, 1000) : undefined;
  const lose = has(fields, 'lose') ? countIn(fields, 'lose', at, 1, (zones ?? 2) - 1) : 1;
  if (ask === 'mean' || ask === 'mean, zone lost') {
    const rate = numberIn(fields, 'requestsPerSecond', at);
    const spread = ask === 'mean' ? undefined : (zones ?? 0);
    if (spread === 0) throw new GivenFault(`${at}/zones`, 'The number of zones is needed.');
    const left = (n: number) => (spread === undefined ? n : podsLeft(n, spread, lose));
    const fits = (n: number) => left(n) > 0 && rate / left(n) <= capacity * (1 + 1e-12);
    // What is left grows in steps, and never falls: the first that fits is the least.
    const replicas = leastBy(1, fits, `${at}/capacity`);
    const loss = (n: number) => ({ podsLeft: left(n), perPodThen: left(n) === 0 ? null : rate / left(n) });
    return { replicas, ...loss(replicas), oneLess: replicas > 1 ? loss(replicas - 1) : null, monotone: true };
  }
  const chance = numberIn(fields, 'chance', at, { above: 0, below: 1 });
  let overWith: (pods: number) => number;
  if (ask === 'poisson') {
    const load =
      numberIn(fields, 'arrivalsPerSecond', at, { above: 0 }) * numberIn(fields, 'lifetimeSeconds', at, { above: 0 });
    if (load > 1e7)
      throw new GivenFault(
        `${at}/arrivalsPerSecond`,
        'More than ten million connections at a time are not worked out.',
      );
    overWith = (pods) =>
      -Math.expm1(pods * Math.log1p(-Math.min(1 - 1e-300, above(poissonLaw(load / pods), capacity))));
  } else {
    const connections = countIn(fields, 'connections', at, 0, 1e6);
    overWith = (pods) =>
      pods * Math.floor(capacity) < connections
        ? 1
        : anyOver(connections, [{ count: pods, share: 1 / pods, capacity }]);
  }
  const needed = leastBy(1, (pods) => overWith(pods) <= chance, `${at}/chance`);
  if (zones === undefined) {
    return { replicas: needed, chance: overWith(needed), chanceWithOneLess: needed > 1 ? overWith(needed - 1) : null };
  }
  let replicas = needed;
  while (podsLeft(replicas, zones, lose) < needed) replicas++;
  const before = podsLeft(replicas - 1, zones, lose);
  return {
    replicas,
    podsLeft: podsLeft(replicas, zones, lose),
    chance: overWith(podsLeft(replicas, zones, lose)),
    chanceWithOneLess: before > 0 ? overWith(before) : 1,
  };
}
