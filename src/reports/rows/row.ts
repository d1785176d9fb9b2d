/** Answers as flat rows: one object per rule, trace, endpoint or point, each with the same columns, scalars only. */
import { joinHostPort } from '../../base/address.js';
import type { Answer, EndpointRef, Probability, ServiceRef } from '../../contract/answers.js';

export type Cell = string | number | boolean | null;

export type Row = Readonly<Record<string, Cell>>;

/** How one kind of answer is flattened. Every row has these columns, in this order; null is what is not there. */
export interface RowForm<A = Answer> {
  readonly columns: readonly string[];
  rows(answer: A): readonly Row[];
}

/** Rows and the columns that each of them has. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The rows of an answer. */
export function tableOf<A>({ columns, rows }: RowForm<A>, answer: A): Rows {
  return { columns, rows: rows(answer) };
}

/** A row of these columns: what is not given is null. */
export function row(columns: readonly string[], cells: Readonly<Record<string, Cell | undefined>>): Row {
  return Object.fromEntries(columns.map((column) => [column, cells[column] ?? null]));
}

export const SERVICE_COLUMNS = ['service', 'port', 'portName', 'protocol'] as const;

export function serviceCells(service: ServiceRef | undefined): Readonly<Record<string, Cell | undefined>> {
  if (service === undefined) return {};
  const { namespace, name, port, portName, protocol } = service;
  return { service: `${namespace}/${name}`, port, portName, protocol };
}

export const ENDPOINT_COLUMNS = ['endpoint', 'pod', 'node', 'zone'] as const;

export function endpointCells(endpoint: EndpointRef | undefined): Readonly<Record<string, Cell | undefined>> {
  if (endpoint === undefined) return {};
  const { address, port, pod, node, zone } = endpoint;
  return { endpoint: joinHostPort(address, port), pod, node, zone };
}

export const SHARE_COLUMNS = ['share', 'value', 'programmed'] as const;

/** `share` is exact, `value` the nearest double, `programmed` what the kernel makes of it, as a number. */
export function shareCells(share: Probability): Readonly<Record<string, Cell | undefined>> {
  return { share: share.fraction, value: share.value, programmed: Number(share.programmed) };
}
