import type { Answer, ExactShare, SweepResult } from '../../contract/answers.js';
import { LOAD_COLUMNS, loadCells } from './load-cells.js';
import { type Cell, type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

/** Each share as an exact fraction, and beside it as a number. */
const SHARES = ['largest', 'smallest', 'even', 'imbalance', 'largestNode', 'largestZone'] as const;
const MASSES = ['delivered', 'dropped', 'rejected', 'unreachable', 'unknown'] as const;

const COLUMNS = [
  'replicas',
  ...SERVICE_COLUMNS,
  'via',
  'family',
  'endpoints',
  ...[...SHARES, ...MASSES].flatMap((name) => [name, `${name}Value`]),
  'nodes',
  'busiestNode',
  'busiestZone',
  'notRunning',
  'satisfied',
  'findings',
] as const;

/** Those that an answer with traffic has beside. */
const WITH_LOAD = [...COLUMNS, ...LOAD_COLUMNS] as const;

function both(name: string, share: ExactShare | undefined): Record<string, Cell | undefined> {
  return { [name]: share?.fraction, [`${name}Value`]: share?.value };
}

function rows({ result }: Answer<SweepResult>, columns: readonly string[]): readonly Row[] {
  return result.points.flatMap((point) =>
    point.services.map((shares, index) => {
      const head = result.services[index];
      const zone = shares.zones.reduce<(typeof shares.zones)[number] | undefined>(
        (most, one) => (one.zone !== '' && one.share.value > (most?.share.value ?? 0) ? one : most),
        undefined,
      );
      return row(columns, {
        replicas: point.replicas,
        ...serviceCells(head?.service),
        via: head?.via,
        family: head?.family,
        endpoints: shares.endpoints,
        ...both('largest', shares.largest),
        ...both('smallest', shares.smallest),
        ...both('even', shares.even),
        ...both('imbalance', shares.imbalance),
        ...both('largestNode', shares.nodes.largest),
        ...both('largestZone', zone?.share),
        ...Object.assign({}, ...MASSES.map((mass) => both(mass, shares[mass]))),
        nodes: shares.nodes.count,
        busiestNode: shares.nodes.largest?.node,
        busiestZone: zone?.zone,
        notRunning: point.unplaced?.pods ?? 0,
        satisfied: point.satisfied,
        findings: point.findings.map(({ code }) => code).join(','),
        ...loadCells(shares.load),
      });
    }),
  );
}

/** One row per number of replicas and Service port; an answer with traffic has columns of loads. */
export function sweepRows({ points }: SweepResult): RowForm<Answer<SweepResult>> {
  const loaded = points.some(({ services }) => services.some(({ load }) => load !== undefined));
  const columns = loaded ? WITH_LOAD : COLUMNS;
  return { columns, rows: (answer) => rows(answer, columns) };
}
