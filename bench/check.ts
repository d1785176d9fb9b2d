/**
 * Measures check on generated clusters: a change that touches a few Services, and one that touches all of them.
 *
 *   node dist/bench/check.js [SIZE] …
 */
import { readSnapshot } from '../src/cluster/read-snapshot.js';
import type { Change } from '../src/contract/requests.js';
import { ask } from '../src/questions/ask.js';
import { generateSnapshot, SIZES } from './generate.js';

function measure(name: string): void {
  const snapshot = readSnapshot({
    inline: generateSnapshot(SIZES[name] ?? (SIZES['s1000-e10'] as (typeof SIZES)[string])),
  });
  const services = [...snapshot.cluster.services.values()].slice(0, 5).map(({ metadata }) => metadata);
  const named = services.map(({ namespace = 'default', name: service }) => ({ namespace, name: service }));
  const few = named.map((service): Change => ({ service: { ...service, sessionAffinity: 'ClientIP' } }));
  const all: Change = { proxy: { settings: { iptables: { masqueradeAll: true } } } };
  const timed = (what: string, changes: readonly Change[]) => {
    const start = performance.now();
    const { counts } = ask('check', { changes }, snapshot).result;
    const time = Math.round(performance.now() - start);
    console.log(
      `${name}: ${what}: ${counts.touched} of ${counts.services} Services touched, ${counts.asked} asked about, ` +
        `${time} ms`,
    );
  };
  timed('a few Services, first time', few);
  timed('a few Services, again', few);
  timed('kube-proxy everywhere', [all]);
}

for (const name of process.argv.length > 2 ? process.argv.slice(2) : ['s1000-e10', 's10000-e10']) measure(name);
