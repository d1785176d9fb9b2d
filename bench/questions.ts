/**
 * Measures reading a snapshot and answering questions about it once it is read.
 *
 *   node dist/bench/questions.js [SIZE | FILE.json.gz] …
 *
 * Reading is given as a ratio to JSON.parse of the same bytes. Questions are each about another Service; their time is
 * the processor time that the process spends on one, answer object included, serialising it not.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSnapshot, type Snapshot } from '../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../src/contract/requests.js';
import { ask } from '../src/questions/ask.js';
import { MAX_WALKED_ENDPOINTS } from '../src/questions/walk-limits.js';
import { generateSnapshot, SIZES } from './generate.js';

const QUESTIONS = 3000;

function timed<T>(work: () => T): [T, number] {
  const start = performance.now();
  const value = work();
  return [value, performance.now() - start];
}

const ms = (value: number) => value.toFixed(value < 10 ? 3 : 0).padStart(8);

function bytesOf(name: string): Uint8Array {
  if (name.endsWith('.gz')) return gunzipSync(readFileSync(name));
  return Buffer.from(JSON.stringify(generateSnapshot(SIZES[name] ?? (SIZES['s1000-e10'] as (typeof SIZES)[string]))));
}

/** The quickest of a few runs: what the work costs when nothing else is in its way. */
function quickest(work: () => unknown, runs = 3): number {
  return Math.min(...Array.from({ length: runs }, () => timed(work)[1]));
}

function perQuestion(
  kind: 'path' | 'probability',
  snapshot: Snapshot,
  about: (service: { namespace: string; name: string }) => QuestionRequest,
): { readonly first: number; readonly each: number } {
  const services = [...snapshot.cluster.services.values()].map(({ metadata }) => ({
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
  }));
  const request = (index: number) => about(services[index % services.length] as (typeof services)[number]);
  const [, first] = timed(() => ask(kind, request(0), snapshot));
  for (let i = 1; i < 500; i++) ask(kind, request(i), snapshot);
  const before = process.cpuUsage();
  for (let i = 500; i < 500 + QUESTIONS; i++) ask(kind, request(i), snapshot);
  const { user, system } = process.cpuUsage(before);
  return { first, each: (user + system) / 1000 / QUESTIONS };
}

function measure(name: string): void {
  const bytes = bytesOf(name);
  const parse = quickest(() => JSON.parse(Buffer.from(bytes).toString('utf8')));
  const read = quickest(() => readSnapshot({ bytes }));
  const snapshot = readSnapshot({ bytes });
  const { counts } = snapshot;
  console.log(`${name}: ${(bytes.length / 1e6).toFixed(1)} MB, ${counts.Service} Services, ${counts.Node} nodes`);
  console.log(`  JSON.parse        ${ms(parse)} ms`);
  console.log(`  read and check    ${ms(read)} ms   ${(read / parse).toFixed(2)} × parse`);
  const path = perQuestion('path', snapshot, (service) => ({
    path: { source: { podOn: 'node-7' }, destination: { service } },
  }));
  console.log(`  path              ${ms(path.each)} ms of CPU (the first one ${path.first.toFixed(0)})`);
  const probability = perQuestion('probability', snapshot, (service) => ({ probability: { services: [service] } }));
  console.log(`  probability       ${ms(probability.each)} ms of CPU (the first one ${probability.first.toFixed(0)})`);
  console.log(`  memory            ${ms(process.memoryUsage().rss / 1e6)} MB resident`);
  if (endpoints(snapshot) > MAX_WALKED_ENDPOINTS) return;
  for (const mode of ['iptables', 'nftables', 'ipvs'] as const) {
    // A snapshot of its own: what is known of one mode does not help the next.
    const fresh = readSnapshot({ bytes });
    const before = process.cpuUsage();
    ask('probability', { probability: {}, settings: { kubeProxy: { mode } } }, fresh);
    const { user, system } = process.cpuUsage(before);
    console.log(`  shares of all Services, ${mode.padEnd(8)} ${ms((user + system) / 1000)} ms of CPU`);
  }
}

function endpoints({ cluster }: Snapshot): number {
  let count = 0;
  for (const slice of cluster.endpointSlices.values()) count += slice.endpoints.length;
  return count;
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : ['s1000-e10', 's10000-e10', 's40000-e10']) measure(name);
