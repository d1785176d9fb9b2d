/** The walls of the house: who imports whom. ARCHITECTURE.md describes the floors. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

/** The floors from the ground up; folders of one floor may import each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['platform'],
  ['base', 'contract'],
  ['cluster', 'api-server'],
  ['netfilter'],
  ['control-plane'],
  ['proxy', 'policies'],
  ['load-balancers'],
  ['changes'],
  ['path'],
  ['probability'],
  ['capacity'],
  ['questions'],
  ['reports', 'messages', 'words'],
  ['snapshots', 'work'],
  ['operations'],
  ['rest', 'grpc'],
  ['serve', 'collect'],
  ['cli', '.'],
];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('/gen/'))
  .sort();

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join('src', from), 'utf8');
  return [...text.matchAll(/^(?:import|export) (type )?[^;]*?from '(\.[^']+)\.js';/gm)].map(([, type, path]) => ({
    from,
    to: `${normalize(join(dirname(from), path as string))}.ts`,
    typeOnly: type !== undefined,
  }));
});

const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '.');
const floorOf = (file: string) => FLOORS.findIndex((floor) => floor.includes(folderOf(file)));

t.test('a file imports from its own floor or from lower ones', async (t) => {
  t.same(
    files.filter((file) => floorOf(file) < 0),
    [],
    'every folder has its floor',
  );
  t.same(
    imports.filter(({ from, to }) => floorOf(to) > floorOf(from)).map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

t.test('what walks rules knows no language of them', async (t) => {
  const inLanguage = (file: string) => file.startsWith('netfilter/iptables/');
  t.same(
    imports
      .filter(({ from, to }) => from.startsWith('netfilter/') && !inLanguage(from) && inLanguage(to))
      .map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

t.test('above proxy/ only what shows or reads rules knows a language or a mode', async (t) => {
  const ofMode = /^(?:netfilter|proxy)\/(?:iptables|nftables|ipvs)\//;
  const allowed = [
    // What `chains` shows of each mode.
    /^questions\/chains\//,
    // Readers of what nodes really carry.
    /^questions\/given-rules\//,
    // kube-proxy's ipvs mode remembers clients by a key of its own.
    /^probability\/affinity\.ts$/,
  ];
  const below = ['netfilter', 'proxy'];
  t.same(
    imports
      .filter(({ from, to }) => ofMode.test(to) && !below.includes(folderOf(from)))
      .filter(({ from }) => !allowed.some((pattern) => pattern.test(from)))
      .map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

t.test('no decision depends on the wording of a sentence', async (t) => {
  const WORDED = [
    /\.(?:message|detail|explanation|why)\s*\.(?:includes|startsWith|endsWith|match|indexOf|search)\(/,
    /\b(?:test|exec)\(\s*[\w.]*\.(?:message|detail|explanation|why)\)/,
  ];
  t.same(
    files.filter((file) => WORDED.some((pattern) => pattern.test(readFileSync(join('src', file), 'utf8')))),
    [],
  );
});

t.test('there is no circle of imports', async (t) => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, 'OPEN' | 'DONE'>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'DONE') return;
    if (state.get(file) === 'OPEN') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'OPEN');
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    state.set(file, 'DONE');
  };
  for (const file of files) visit(file, []);
  t.same(circles, []);
});
