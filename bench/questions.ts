/**
 * Measures reading a snapshot and answering questions about it once it is read.
 *
 *   node dist/bench/questions.js [SIZE | FILE.json.gz] …
 *
 * Reading is given as a ratio to JSON.parse of the same bytes, inflating both for a snapshot that comes compressed.
 * Questions are each about another Service; their time is the processor time that the process spends on one: on the
 * answer alone, and with the answer written in each form, which makes what the form shows; of the 3,000 that follow the
 * first 500, while V8 compiles what they run, and of the 3,000 after them ("later"). The memory is that of a
 * process which does nothing else than to read the snapshot from a file and to answer as many questions.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { inflated } from '../src/cli/input-files.js';
import { readSnapshot, type Snapshot } from '../src/cluster/read-snapshot.js';
import type { Answer } from '../src/contract/answers.js';
import type { QuestionRequest } from '../src/contract/requests.js';
import { ask } from '../src/questions/ask.js';
import { MAX_WALKED_ENDPOINTS } from '../src/questions/walk-limits.js';
import { render } from '../src/reports/render.js';
import { generateSnapshot, SIZES } from './generate.js';

/** So many are asked before any is measured, and so many are measured then, while V8 still compiles what they run. */
const [FIRST_FEW, QUESTIONS] = [500, 3000];

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

const MODES = ['iptables', 'nftables', 'ipvs'] as const;
type Mode = (typeof MODES)[number];

/** What becomes of an answer, by form; NONE: nothing. */
const FORMS = {
  NONE: () => undefined,
  text: (kind: Kind, answer: Answer) => render(kind, answer, 'text'),
  markdown: (kind: Kind, answer: Answer) => render(kind, answer, 'markdown'),
  JSON: (_: Kind, answer: Answer) => JSON.stringify(answer),
} as const;

type Form = keyof typeof FORMS;
type Kind = 'path' | 'probability';

function perQuestion(
  kind: Kind,
  snapshot: Snapshot,
  about: (service: Service) => QuestionRequest,
  form: Form = 'NONE',
): { readonly first: number; readonly early: number; readonly late: number } {
  const services = [...snapshot.cluster.services.values()].map(({ metadata }) => ({
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
  }));
  const request = (index: number) => about(services[index % services.length] as (typeof services)[number]);
  const answer = (index: number) => FORMS[form](kind, ask(kind, request(index), snapshot));
  let next = 0;
  const askNext = () => answer(next++);
  const [, first] = timed(askNext);
  while (next < FIRST_FEW) askNext();
  const each = () => {
    const before = process.cpuUsage();
    for (let i = 0; i < QUESTIONS; i++) askNext();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / QUESTIONS;
  };
  return { first, early: each(), late: each() };
}

type Service = { readonly namespace: string; readonly name: string };

const pathTo = (service: Service): QuestionRequest => ({
  path: { source: { podOn: 'node-7' }, destination: { service } },
});
const sharesOf = (service: Service): QuestionRequest => ({ probability: { services: [service] } });

/** Megabytes of this process that were resident at most. */
const mostResident = () => (process.resourceUsage().maxRSS * 1024) / 1e6;

/** Resident bytes of this process now, and at most, once it has read the file and answered questions. */
function answering(file: string): void {
  const snapshot = readSnapshot({ bytes: readFileSync(file) });
  perQuestion('path', snapshot, pathTo);
  perQuestion('probability', snapshot, sharesOf);
  console.log(JSON.stringify({ now: process.memoryUsage().rss / 1e6, most: mostResident() }));
}

/** Milliseconds of processor time that the shares of all Services take in one mode. */
function sharesOfAll(snapshot: Snapshot, mode: Mode): number {
  const before = process.cpuUsage();
  ask('probability', { probability: {}, settings: { kubeProxy: { mode } } }, snapshot);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The same of a process that has answered nothing else, with its resident bytes at most. */
function firstShares(mode: Mode, file: string): void {
  const cpu = sharesOfAll(readSnapshot({ bytes: readFileSync(file) }), mode);
  console.log(JSON.stringify({ cpu, most: mostResident() }));
}

/** What a process of its own prints that runs this file with these arguments, and the snapshot's file behind them. */
function inOwnProcess<T>(bytes: Uint8Array, ...args: readonly string[]): T {
  const folder = mkdtempSync(join(tmpdir(), 'kube-whatif-bench-'));
  try {
    const file = join(folder, 'snapshot.json');
    writeFileSync(file, bytes);
    const all = [fileURLToPath(import.meta.url), ...args, file];
    return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8' })) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(name: string): Promise<void> {
  const bytes = bytesOf(name);
  const compressed = gzipSync(bytes);
  const parse = quickest(() => JSON.parse(Buffer.from(bytes).toString('utf8')));
  const parseCompressed = quickest(() => JSON.parse(gunzipSync(compressed).toString('utf8')));
  const read = quickest(() => readSnapshot({ bytes }));
  let readCompressed = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    readSnapshot({ bytes: await inflated('snapshot', compressed) });
    readCompressed = Math.min(readCompressed, performance.now() - start);
  }
  const snapshot = readSnapshot({ bytes });
  const { counts } = snapshot;
  console.log(`${name}: ${(bytes.length / 1e6).toFixed(1)} MB, ${counts.Service} Services, ${counts.Node} nodes`);
  console.log(`  JSON.parse        ${ms(parse)} ms`);
  console.log(`  read and check    ${ms(read)} ms   ${(read / parse).toFixed(2)} × parse`);
  const ratio = (readCompressed / parseCompressed).toFixed(2);
  console.log(`  the same, gzipped ${ms(readCompressed)} ms   ${ratio} × inflate and parse`);
  for (const [kind, about] of [
    ['path', pathTo],
    ['probability', sharesOf],
  ] as const) {
    const { first, early, late } = perQuestion(kind, snapshot, about);
    const beginning = `the first one ${first.toFixed(0)}`;
    console.log(`  ${kind.padEnd(17)} ${ms(early)} ms of CPU, later ${late.toFixed(3)} (${beginning})`);
    for (const form of ['text', 'markdown', 'JSON'] as const) {
      // Rules and ways that were made for another form must not help this one.
      const fresh = readSnapshot({ bytes });
      const { early, late } = perQuestion(kind, fresh, about, form);
      console.log(`  ${`  as ${form}`.padEnd(17)} ${ms(early)} ms of CPU, later ${late.toFixed(3)}`);
    }
  }
  const memory = inOwnProcess<{ readonly now: number; readonly most: number }>(bytes, '--answering');
  console.log(`  memory            ${ms(memory.now)} MB resident, ${memory.most.toFixed(0)} MB at most`);
  if (endpoints(snapshot) > MAX_WALKED_ENDPOINTS) return;
  for (const mode of MODES) {
    // A snapshot of its own: what is known of one mode does not help the next.
    const own = sharesOfAll(readSnapshot({ bytes }), mode);
    const fresh = inOwnProcess<{ readonly cpu: number; readonly most: number }>(bytes, '--shares', mode);
    const apart = `in a process of its own ${fresh.cpu.toFixed(0)}, with ${fresh.most.toFixed(0)} MB at most`;
    console.log(`  shares of all Services, ${mode.padEnd(8)} ${ms(own)} ms of CPU, ${apart}`);
  }
}

function endpoints({ cluster }: Snapshot): number {
  let count = 0;
  for (const slice of cluster.endpointSlices.values()) count += slice.endpoints.length;
  return count;
}

const wanted = process.argv.slice(2);
if (wanted[0] === '--answering') answering(wanted[1] ?? '');
else if (wanted[0] === '--shares') firstShares(wanted[1] as Mode, wanted[2] ?? '');
else for (const name of wanted.length > 0 ? wanted : ['s1000-e10', 's10000-e10', 's40000-e10']) await measure(name);
