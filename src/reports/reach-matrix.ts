/**
 * Who reaches whom as a matrix: workloads that reach the same are one line, targets that the same reach are one column.
 */
import type { ReachPair, ReachResult } from '../contract/answers.js';
import { share } from '../questions/summaries/sentence-parts.js';

export interface Matrix {
  /** Names of workloads that reach the same, those that reach least first. */
  readonly rows: readonly { readonly names: readonly string[]; readonly cells: readonly string[] }[];
  /** Names of targets that the same workloads reach. */
  readonly columns: readonly (readonly string[])[];
}

type Shares = Pick<ReachPair, 'delivered' | 'denied' | 'lost' | 'unknown'>;

/** `yes`, `no` where policies deny everything, `lost`, both where each has a part, `?`; else the share delivered. */
function word({ delivered, denied, lost, unknown }: Shares): string {
  if (delivered.fraction === '1') return 'yes';
  if (denied?.fraction === '1') return 'no';
  if (lost?.fraction === '1') return 'lost';
  if (unknown !== undefined) return '?';
  return delivered.fraction === '0' ? 'no+lost' : share(delivered).replace(' %', '%');
}

/** What a cell of the matrix says of a pair; with changes also what it was. */
export function cellOf(pair: ReachPair | undefined): string {
  if (pair === undefined) return '-';
  const [is, was] = [word(pair), pair.before === undefined ? undefined : word(pair.before)];
  return was === undefined || was === is ? is : `${was}>${is}`;
}

/** Names without the kind where that is not needed to tell them apart. */
function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  const bare = (name: string) => name.replace(/^[A-Za-z]+ /, '');
  for (const name of names) counts.set(bare(name), (counts.get(bare(name)) ?? 0) + 1);
  return new Map(names.map((name) => [name, counts.get(bare(name)) === 1 ? bare(name) : name]));
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [item]);
    else known.push(item);
  }
  return [...groups.values()];
}

/** The matrix of an answer. */
export function matrixOf({ sources, targets, pairs }: ReachResult): Matrix {
  const known = new Map(pairs.map((pair) => [`${pair.from}\n${pair.to}\n${pair.family}`, cellOf(pair)]));
  const families = new Set(targets.map(({ family }) => family));
  const cell = (from: string, { to, family }: ReachResult['targets'][number]) =>
    known.get(`${from}\n${to}\n${family}`) ?? '-';
  const rowNames = shortNames(sources.map(({ from }) => from));
  const columnNames = shortNames([...new Set(targets.map(({ to }) => to))]);
  const columns = grouped(targets, (target) => sources.map(({ from }) => cell(from, target)).join(' '));
  const rows = grouped(sources, ({ from }) => columns.map((group) => cell(from, group[0] as never)).join(' '));
  const good = (cells: readonly string[]) => cells.filter((one) => one === 'yes' || one === '-').length;
  return {
    rows: rows
      .map((group) => ({
        names: group.map(({ from }) => rowNames.get(from) ?? from),
        cells: columns.map((column) => cell((group[0] as { readonly from: string }).from, column[0] as never)),
      }))
      .sort((a, b) => good(a.cells) - good(b.cells)),
    columns: columns.map((group) =>
      group.map(({ to, family }) => `${columnNames.get(to) ?? to}${families.size > 1 ? ` ${family}` : ''}`),
    ),
  };
}
