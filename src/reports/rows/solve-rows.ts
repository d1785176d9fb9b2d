import type { Answer, SolvedPlacement, SolvedValue, SolveResult } from '../../contract/answers.js';
import { type Cell, type Row, type RowForm, row } from './row.js';

const COLUMNS = [
  'solve',
  'value',
  'role',
  'state',
  'pods',
  'hottest',
  'overCapacity',
  'delivered',
  'fits',
  'binding',
  'cost',
  'imbalance',
  'crossZone',
  'crossZoneBytesPerSecond',
  'clientAddressKept',
  'why',
  'nodes',
] as const;

type Cells = Readonly<Record<string, Cell | undefined>>;

function values(
  solve: string,
  one: { readonly holds?: SolvedValue; readonly fails?: SolvedValue; readonly binding?: string } | undefined,
): Cells[] {
  const of = (role: string, value: SolvedValue | undefined) =>
    (value?.states ?? []).map(({ state, pods, hottest, chance, delivered, fits }) => ({
      ...{ solve, value: value?.value, role, state, pods, hottest, overCapacity: chance, delivered, fits },
      binding: role === 'fails' && state === one?.binding,
    }));
  return [...of('holds', one?.holds), ...of('fails', one?.fails)];
}

function placement(role: string, one: SolvedPlacement['worst'], value: string): Cells[] {
  if (one === undefined) return [];
  const { imbalance, hottest, chance, nodes } = one;
  const placed = nodes.map(({ node, pods }) => `${node}=${pods}`).join(' ');
  return [{ solve: 'placement', value, role, hottest, overCapacity: chance, imbalance, nodes: placed }];
}

function rows({ result: { replicas, policy, placement: placed, rollout } }: Answer<SolveResult>): readonly Row[] {
  const cells: Cells[] = [
    ...values('replicas', replicas),
    ...(policy?.candidates ?? []).map((one) => ({
      solve: 'policy',
      value: one.policy,
      role: one.policy === policy?.best ? 'best' : one.possible ? 'possible' : 'impossible',
      hottest: one.hottest,
      overCapacity: one.chance,
      delivered: one.delivered,
      fits: one.possible,
      cost: one.cost,
      imbalance: one.imbalance,
      crossZone: one.crossZone,
      crossZoneBytesPerSecond: one.crossZoneBytesPerSecond,
      clientAddressKept: one.clientAddressKept,
      why: one.why,
    })),
    ...placement('worst', placed?.worst, String(placed?.replicas)),
    ...placement('best', placed?.best, String(placed?.replicas)),
    ...(placed?.forbids ?? []).flatMap(({ topologyKey, maxSkew, worst }) =>
      placement(`worst with maxSkew ${maxSkew} over ${topologyKey}`, worst, String(placed?.replicas)),
    ),
    ...values('rollout', rollout),
  ];
  return cells.map((one) => row(COLUMNS, one));
}

/** One row per state of a value that holds or fails, per policy, per placement. */
export const solveRows: RowForm<Answer<SolveResult>> = { columns: COLUMNS, rows };
