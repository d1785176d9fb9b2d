import { parseFraction, toNumber, ZERO } from '../../base/fraction.js';
import { formatSigned, shiftOf, signedToNumber } from '../../base/signed-fraction.js';
import type { Answer, CheckedDoor, CheckResult, Finding } from '../../contract/answers.js';
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

function doorRow(door: CheckedDoor): Row {
  const { service, via, family, clients, change, destination, verdicts, imbalance, crossZone, established } = door;
  const delivered = verdicts.find(({ verdict }) => verdict === 'DELIVERED');
  const [was, is] = [delivered?.before, delivered?.after].map((side) => parseFraction(side?.fraction ?? '0') ?? ZERO);
  const shift = shiftOf(was ?? ZERO, is ?? ZERO);
  return row(COLUMNS, {
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
  });
}

/** One row per finding (`row` is FINDING), then one per door (DOOR): a way to a Service port and those who take it. */
export const checkRows: RowForm<Answer<CheckResult>> = {
  columns: COLUMNS,
  rows: ({ findings, result }) => [
    ...findings.map((one) => findingRow(one)),
    ...result.services.flatMap(({ doors }) => doors.map(doorRow)),
  ],
};
