/**
 * Names of snapshots, and the words that choose one version of a name: `prod`, `prod@-1`, `prod@2026-11-29T06:00:00Z`.
 */
import { QuestionError } from '../base/errors.js';

/** The longest name. */
const NAME_LIMIT = 64;

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const BACK = /^-(0|[1-9]\d{0,4})$/;
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Which version of a name is meant. */
export interface Reference {
  readonly name: string;
  /** So many versions before the newest one; 0 is the newest. */
  readonly back?: number;
  /** The newest version at or before this moment, milliseconds since 1970. */
  readonly at?: number;
}

function wrong(detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: '', in: 'request', detail }]);
}

/** The text as it can be shown in a message: its beginning, as a JSON string. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** The text, if it is a name. Throws QuestionError INVALID_REQUEST that says what a name is. */
export function readName(text: string): string {
  if (NAME.test(text)) return text;
  throw wrong(
    `${shown(text)} is not a name for snapshots: a name has 1 to ${NAME_LIMIT} of the characters A-Z a-z 0-9 ` +
      '. _ - and begins and ends with a letter or digit, as "prod" or "eu-west-1.prod".',
  );
}

/** RFC 3339 as milliseconds; undefined where there is no such moment, as on February 30. */
function readMoment(text: string): number | undefined {
  const parts = MOMENT.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) return undefined;
  const value = Date.parse(text.toUpperCase());
  return Number.isNaN(value) ? undefined : value;
}

/** Reads `NAME`, `NAME@-COUNT` or `NAME@TIME`. Throws QuestionError INVALID_REQUEST that says what would be right. */
export function readReference(text: string): Reference {
  const cut = text.indexOf('@');
  const name = readName(cut < 0 ? text : text.slice(0, cut));
  if (cut < 0) return { name };
  const version = text.slice(cut + 1);
  const back = BACK.exec(version);
  if (back !== null) return { name, back: Number(back[1]) };
  const at = readMoment(version);
  if (at !== undefined) return { name, at };
  throw wrong(
    `${shown(text)} does not name a version: behind the @ is -1 for the version before the newest, -2 ` +
      'for the one before that, or a time such as 2026-11-29T06:00:00Z, whose newest version at or before it ' +
      'is meant.',
  );
}
