/** Load while pods change: scale-up, roll-out, loss, and what the HorizontalPodAutoscaler makes of it. */
import { asNumber, countIn, type Fields, fieldsIn, GivenFault, has, listIn, numberIn, wordIn } from './given.js';
import { binomialLaw, logFactorial } from './numbers.js';
import { anyOver, mostLoaded } from './occupancy/occupancy.js';
import { type Answer, summary } from './throw-models.js';

/** The share of the connections that were open at 0 which is still open after so many seconds. */
export type Remaining = (seconds: number) => number;

/** How connections live, as a residual law: what is left of those that are open in a running system. */
export function remainingOf(value: unknown, at: string): Remaining {
  const fields = fieldsIn(value, at, ['law', 'seconds', 'jitter', 'parts', 'age']);
  const law = wordIn(fields, 'law', at, [
    'exponential',
    'fixed',
    'uniform',
    'mixture',
    'forever',
    'fixed, opened together',
  ]);
  if (law === 'forever') return () => 1;
  if (law === 'mixture') {
    const parts = listIn(fields, 'parts', at, 100).map((one, index) => {
      const place = `${at}/parts/${index}`;
      if (!Array.isArray(one) || one.length !== 2)
        throw new GivenFault(place, 'A pair is needed: the share of new connections, and their mean lifetime.');
      return {
        share: asNumber(one[0], `${place}/0`, { above: 0, most: 1 }),
        mean: asNumber(one[1], `${place}/1`, { above: 0 }),
      };
    });
    const all = parts.reduce((sum, { share, mean }) => sum + share * mean, 0);
    return (t) => parts.reduce((sum, { share, mean }) => sum + ((share * mean) / all) * Math.exp(-t / mean), 0);
  }
  const seconds = numberIn(fields, 'seconds', at, { above: 0 });
  if (law === 'exponential') return (t) => Math.exp(-t / seconds);
  if (law === 'fixed') return (t) => Math.max(0, 1 - t / seconds);
  if (law === 'fixed, opened together') {
    const age = numberIn(fields, 'age', at, { below: seconds });
    return (t) => (t < seconds - age ? 1 : 0);
  }
  const jitter = numberIn(fields, 'jitter', at, { above: 0, most: 1 });
  const [first, last] = [seconds * (1 - jitter), seconds * (1 + jitter)];
  return (t) => (t <= first ? 1 - t / seconds : t >= last ? 0 : (last - t) ** 2 / (4 * jitter * seconds * seconds));
}

/** The first moment at which at most this share remains; null: never. */
export function momentOf(remaining: Remaining, share: number): number | null {
  if (remaining(0) <= share) return 0;
  let high = 1;
  while (remaining(high) > share) {
    high *= 2;
    if (high > 1e15) return null;
  }
  let low = 0;
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2;
    if (remaining(middle) > share) low = middle;
    else high = middle;
  }
  return high;
}

export function scaleUp(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, ['connections', 'podsBefore', 'podsAfter', 'lifetime', 'atSeconds', 'within']);
  const connections = numberIn(fields, 'connections', at);
  const before = countIn(fields, 'podsBefore', at, 1);
  const after = countIn(fields, 'podsAfter', at, before);
  const remaining = remainingOf(fields.lifetime, `${at}/lifetime`);
  const moments = (has(fields, 'atSeconds') ? listIn(fields, 'atSeconds', at, 1000) : [0]).map((one, index) => ({
    given: one,
    t: asNumber(one, `${at}/atSeconds/${index}`),
  }));
  const within = (has(fields, 'within') ? listIn(fields, 'within', at, 100) : []).map((one, index) => ({
    given: one,
    level: asNumber(one, `${at}/within/${index}`, { above: 0 }),
  }));
  return {
    at: moments.map(({ given, t }) => {
      const r = remaining(t);
      const perNewPod = (connections * (1 - r)) / after;
      return {
        seconds: given,
        remaining: r,
        perOldPod: (connections * r) / before + perNewPod,
        perNewPod,
        shareOfNewPods: ((1 - r) * (after - before)) / after,
        oldOverEven: 1 + (r * (after - before)) / before,
      };
    }),
    evenWithin: within.map(({ given, level }) => ({
      within: given,
      seconds: after === before ? 0 : momentOf(remaining, (level * before) / (after - before)),
    })),
  };
}

/** A number or a percentage of the replicas, as a strategy has it. */
function fencepost(fields: Fields, name: string, at: string, replicas: number, round: (x: number) => number): number {
  const value = fields[name];
  const match = typeof value === 'string' ? /^(\d{1,3})%$/.exec(value) : null;
  if (match !== null) return round((replicas * Number(match[1])) / 100 + (round === Math.ceil ? -1e-12 : 1e-12));
  return countIn(fields, name, at);
}

export function rollout(value: unknown, at: string): Answer {
  const names = ['replicas', 'maxSurge', 'maxUnavailable', 'requestsPerSecond', 'capacity', 'readySeconds'];
  const fields = fieldsIn(value, at, [...names, 'connections', 'order', 'batch', 'replaced']);
  const replicas = countIn(fields, 'replicas', at, 1, 100000);
  if (has(fields, 'order')) return rolloutSkew(fields, at, replicas);
  const surge = has(fields, 'maxSurge')
    ? fencepost(fields, 'maxSurge', at, replicas, Math.ceil)
    : Math.ceil(replicas / 4);
  const asked = has(fields, 'maxUnavailable')
    ? fencepost(fields, 'maxUnavailable', at, replicas, Math.floor)
    : Math.floor(replicas / 4);
  const unavailable = Math.min(replicas, surge === 0 && asked === 0 ? 1 : asked);
  const leastAvailable = replicas - unavailable;
  const waves = Math.ceil(replicas / (surge + unavailable));
  const rate = has(fields, 'requestsPerSecond') ? numberIn(fields, 'requestsPerSecond', at) : undefined;
  const capacity = has(fields, 'capacity') ? numberIn(fields, 'capacity', at, { above: 0 }) : undefined;
  return {
    surge,
    unavailable,
    leastAvailable,
    mostPods: replicas + surge,
    waves,
    ...(has(fields, 'readySeconds') ? { seconds: waves * numberIn(fields, 'readySeconds', at) } : {}),
    ...(rate === undefined
      ? {}
      : { perPodNormally: rate / replicas, perPodAtWorst: leastAvailable === 0 ? null : rate / leastAvailable }),
    ...(capacity === undefined ? {} : { capacityAtWorst: leastAvailable * capacity }),
    ...(capacity === undefined || rate === undefined ? {} : { enough: leastAvailable * capacity >= rate }),
  };
}

/** Connections that stay on their pod until it goes, and open anew over the pods that are ready then. */
function rolloutSkew(fields: Fields, at: string, replicas: number): Answer {
  const order = wordIn(fields, 'order', at, ['new first', 'old first']);
  const connections = numberIn(fields, 'connections', at);
  const batch = has(fields, 'batch') ? countIn(fields, 'batch', at, 1, replicas) : 1;
  const replaced = has(fields, 'replaced') ? countIn(fields, 'replaced', at, 0, replicas) : replicas;
  let old = Array.from({ length: replicas }, () => connections / replicas);
  const fresh: number[] = [];
  for (let done = 0; done < replaced; ) {
    const now = Math.min(batch, replaced - done);
    if (order === 'new first') for (let k = 0; k < now; k++) fresh.push(0);
    const gone = old.slice(0, now).reduce((sum, one) => sum + one, 0);
    old = old.slice(now);
    const ready = old.length + fresh.length;
    if (ready === 0) {
      throw new GivenFault(
        `${at}/batch`,
        'With every old pod gone before a new one is ready, no pod takes the connections.',
      );
    }
    old = old.map((load) => load + gone / ready);
    for (let k = 0; k < fresh.length; k++) fresh[k] = (fresh[k] as number) + gone / ready;
    if (order === 'old first') for (let k = 0; k < now; k++) fresh.push(0);
    done += now;
  }
  const loads = [...old, ...fresh];
  const [most, least] = [Math.max(...loads), Math.min(...loads)];
  return {
    loadsInOrderOfCreation: loads,
    most,
    least,
    mostOverEven: connections === 0 ? 1 : (most * replicas) / connections,
  };
}

function countsIn(fields: Fields, name: string, at: string): readonly number[] {
  return listIn(fields, name, at, 1000).map((one, index) => {
    const count = asNumber(one, `${at}/${name}/${index}`, { most: 1e6 });
    if (!Number.isInteger(count)) throw new GivenFault(`${at}/${name}/${index}`, 'A whole number of pods is needed.');
    return count;
  });
}

export function loss(value: unknown, at: string): Answer {
  const fields = fieldsIn(value, at, [
    ...[
      'zones',
      'localNodes',
      'requestsPerSecond',
      'capacity',
      'connections',
      'pods',
      'lost',
      'nodes',
      'failing',
      'replicas',
      'alive',
    ],
  ]);
  if (has(fields, 'zones')) return zoneLoss(fields, at);
  if (has(fields, 'localNodes')) return nodeLoss(fields, at);
  if (has(fields, 'connections')) return connectionLoss(fields, at);
  return failingNodes(fields, at);
}

function zoneLoss(fields: Fields, at: string): Answer {
  const zones = countsIn(fields, 'zones', at);
  const rate = numberIn(fields, 'requestsPerSecond', at);
  const capacity = has(fields, 'capacity') ? numberIn(fields, 'capacity', at, { above: 0 }) : undefined;
  const pods = zones.reduce((sum, one) => sum + one, 0);
  if (pods === 0) throw new GivenFault(`${at}/zones`, 'At least one pod is needed.');
  const afterLossOf = zones.map((own, zone) => {
    const podsLeft = pods - own;
    return { zone, podsLeft, perPod: podsLeft === 0 ? null : rate / podsLeft };
  });
  const worst = afterLossOf.some(({ perPod }) => perPod === null)
    ? null
    : Math.max(...afterLossOf.map(({ perPod }) => perPod ?? 0));
  return {
    perPodBefore: rate / pods,
    afterLossOf,
    worst,
    ...(capacity === undefined
      ? {}
      : { survives: afterLossOf.map(({ perPod }) => perPod !== null && perPod <= capacity) }),
  };
}

function nodeLoss(fields: Fields, at: string): Answer {
  const nodes = countsIn(fields, 'localNodes', at);
  const rate = numberIn(fields, 'requestsPerSecond', at);
  const loads = (which: readonly number[]) =>
    which.filter((pods) => pods > 0).map((pods, _, all) => rate / all.length / pods);
  const most = (which: readonly number[]) => (loads(which).length === 0 ? null : Math.max(...loads(which)));
  const afterLossOf = nodes.map((_, node) => {
    const left = nodes.filter((_, other) => other !== node);
    return { node, mostPerPod: most(left), leastPerPod: loads(left).length === 0 ? null : Math.min(...loads(left)) };
  });
  const worst = afterLossOf.some(({ mostPerPod }) => mostPerPod === null)
    ? null
    : Math.max(...afterLossOf.map(({ mostPerPod }) => mostPerPod ?? 0));
  return { mostPerPodBefore: most(nodes), afterLossOf, worst };
}

function connectionLoss(fields: Fields, at: string): Answer {
  const connections = countIn(fields, 'connections', at, 0, 1e6);
  const pods = countIn(fields, 'pods', at, 2, 100000);
  const lost = countIn(fields, 'lost', at, 1, pods - 1);
  const capacity = has(fields, 'capacity') ? numberIn(fields, 'capacity', at, { above: 0 }) : undefined;
  const group = (count: number) => [{ count, share: 1 / count, capacity }];
  return {
    broken: summary(binomialLaw(connections, lost / pods)),
    ...(capacity === undefined
      ? {}
      : { anyOverBefore: anyOver(connections, group(pods)), anyOverAfter: anyOver(connections, group(pods - lost)) }),
    most: summary(mostLoaded(connections, group(pods - lost))),
  };
}

function choose(n: number, k: number): number {
  return k < 0 || k > n ? 0 : Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k));
}

function failingNodes(fields: Fields, at: string): Answer {
  const nodes = countIn(fields, 'nodes', at, 1, 100000);
  const failing = countIn(fields, 'failing', at, 0, nodes);
  const replicas = countIn(fields, 'replicas', at, 1, nodes);
  const lostExactly = (k: number) =>
    (choose(failing, k) * choose(nodes - failing, replicas - k)) / choose(nodes, replicas);
  const alive = has(fields, 'alive') ? countsIn(fields, 'alive', at) : [];
  return {
    allLost: lostExactly(replicas),
    noneLost: lostExactly(0),
    expectedLost: (replicas * failing) / nodes,
    atLeast: alive.map((least) => {
      let chance = 0;
      for (let k = 0; k <= replicas - least; k++) chance += lostExactly(k);
      return { alive: least, chance };
    }),
  };
}
