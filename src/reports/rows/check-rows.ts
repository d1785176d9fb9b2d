import { parseFraction, toNumber, ZERO } from '../../base/fraction.js';
import { formatSigned, shiftOf, signedToNumber } from '../../base/signed-fraction.js';
import type { Answer, CheckedDoor, CheckResult, Finding } from '../../contract/answers.js';
import { LOAD_COLUMNS, loadCells, PLACE_COLUMNS, placesOfLoad } from './load-cells.js';
import { type Cell, type Row, type RowForm, row, SERVICE_COLUMNS, serviceCells } from './row.js';

const COLUMNS = [
  'row',
  'severity',
  'code',
  'message',
  ...SERVICE_COLUMNS,
  'via',
  'family',
  'clients',
  'change',
  'destinationBefore',
  'destinationAfter',
  'deliveredBefore',
  'deliveredAfter',
  'deliveredShift',
  'deliveredBeforeValue',
  'deliveredAfterValue',
  'deliveredShiftValue',
  'imbalanceBefore',
  'imbalanceAfter',
  'crossZoneBefore',
  'crossZoneAfter',
  'lost',
  'lostValue',
] as const;

type Cells = Readonly<Record<string, Cell | undefined>>;

/** A field of a finding's evidence, where it is a scalar. */
function cellOf(evidence: Finding['evidence'], name: string): Cell {
  const value = evidence[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

export function findingRow({ severity, code, message, evidence }: Finding, columns: readonly string[] = COLUMNS): Row {
  const names = [...SERVICE_COLUMNS, 'via', 'family', 'clients'];
  const about = Object.fromEntries(names.map((name) => [name, cellOf(evidence, name)]));
  return row(columns, { row: 'FINDING', severity, code, message, ...about });
}

const SIDES = ['Before', 'After'] as const;

/** Columns that an answer with traffic has beside: loads of doors, and rows for their pods, nodes and zones. */
const WITH_LOAD = [
  ...COLUMNS,
  'pod',
  'node',
  'zone',
  ...[...LOAD_COLUMNS, ...PLACE_COLUMNS].flatMap((name) => SIDES.map((side) => `${name}${side}`)),
];

/** Cells of both sides under the names of their columns. */
function sided(before: Cells, after: Cells): Cells {
  const named = (cells: Cells, side: string) =>
    Object.fromEntries(Object.entries(cells).map(([name, value]) => [`${name}${side}`, value]));
  return { ...named(before, 'Before'), ...named(after, 'After') };
}

/** The pods, nodes and zones behind a door, before and after. */
function loadRows({ service, via, family, clients, load }: CheckedDoor): readonly Row[] {
  const keyed = (side: NonNullable<CheckedDoor['load']>['before']) =>
    new Map(placesOfLoad(side).map((one) => [`${one.row} ${one.name}`, one]));
  const [before, after] = [keyed(load?.before), keyed(load?.after)];
  const about = { ...serviceCells(service), via, family, clients };
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => {
    const [was, is] = [before.get(key), after.get(key)];
    const one = is ?? was;
    return row(WITH_LOAD, { row: one?.row, ...about, ...one?.place, ...sided(was?.cells ?? {}, is?.cells ?? {}) });
  });
}

function doorRow(door: CheckedDoor, columns: readonly string[]): Row {
  const { service, via, family, clients, change, destination, verdicts, imbalance, crossZone, established } = door;
  const delivered = verdicts.find(({ verdict }) => verdict === 'DELIVERED');
  const [was, is] = [delivered?.before, delivered?.after].map((side) => parseFraction(side?.fraction ?? '0') ?? ZERO);
  const shift = shiftOf(was ?? ZERO, is ?? ZERO);
  return row(columns, {
    row: 'DOOR',
    ...serviceCells(service),
    via,
    family,
    clients,
    change,
    destinationBefore: destination.before,
    destinationAfter: destination.after,
    deliveredBefore: delivered?.before.fraction ?? '0',
    deliveredAfter: delivered?.after.fraction ?? '0',
    deliveredShift: formatSigned(shift),
    deliveredBeforeValue: toNumber(was ?? ZERO),
    deliveredAfterValue: toNumber(is ?? ZERO),
    deliveredShiftValue: signedToNumber(shift),
    imbalanceBefore: imbalance?.before?.value,
    imbalanceAfter: imbalance?.after?.value,
    crossZoneBefore: crossZone?.before?.value,
    crossZoneAfter: crossZone?.after?.value,
    lost: established.lost.fraction,
    lostValue: established.lost.value,
    ...sided(loadCells(door.load?.before), loadCells(door.load?.after)),
  });
}

/**
 * One row per finding (`row` is FINDING), then one per door (DOOR): a way to a Service port and those who take it. With
 * traffic each door's row has its load on both sides, and rows POD, NODE and ZONE follow it.
 */
export function checkRows({ services }: CheckResult): RowForm<Answer<CheckResult>> {
  const loaded = services.some(({ doors }) => doors.some(({ load }) => load !== undefined));
  const columns = loaded ? WITH_LOAD : COLUMNS;
  return {
    columns,
    rows: ({ findings, result }) => [
      ...findings.map((one) => findingRow(one, columns)),
      ...result.services.flatMap(({ doors }) =>
        doors.flatMap((door) => [doorRow(door, columns), ...(loaded ? loadRows(door) : [])]),
      ),
    ],
  };
}
