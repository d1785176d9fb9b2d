/**
 * Assumptions as fields of a request's settings: which may be set, with which values, and how one is set or taken back.
 */

import { ENUMS } from '../api/gen/types.js';
import type { Settings } from '../api/types.js';
import { isRecord } from './record.js';

type Fields = Readonly<Record<string, unknown>>;

/** `settings.kubeProxy.mode` → `['kubeProxy', 'mode']`; undefined for what a request cannot say. */
export function placeOf(field: string): readonly string[] | undefined {
  const [first, ...place] = field.split('.');
  return first === 'settings' && place.length > 0 ? place : undefined;
}

/** The words that a field takes, where the contract lists them. */
export function wordsFor(field: string): readonly string[] | undefined {
  const place = placeOf(field) ?? [];
  const [first, ...rest] = place;
  const names = [
    `Settings.${place.join('.')}`,
    ...(first === 'kubeProxy' ? [`KubeProxySettings.${rest.join('.')}`] : []),
  ];
  const all: Readonly<Record<string, readonly string[]>> = ENUMS;
  return names.map((name) => all[name]).find((words) => words !== undefined);
}

export function valueAt(settings: Settings, place: readonly string[]): unknown {
  return place.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), settings);
}

/** Settings with a value at a place; undefined takes it back, and what is empty then with it. */
export function withValue(settings: Settings, place: readonly string[], value: unknown): Settings {
  const [first, ...rest] = place;
  if (first === undefined) return settings;
  const fields = settings as Fields;
  const inner =
    rest.length === 0 ? value : withValue((isRecord(fields[first]) ? fields[first] : {}) as Settings, rest, value);
  const { [first]: _, ...others } = fields;
  const isEmpty = inner === undefined || (rest.length > 0 && isRecord(inner) && Object.keys(inner).length === 0);
  return (isEmpty ? others : { ...others, [first]: inner }) as Settings;
}

/** Every field of settings that is given, by its dotted name. */
export function givenFields(settings: Settings): readonly string[] {
  const walk = (value: unknown, place: string): string[] =>
    isRecord(value) ? Object.entries(value).flatMap(([name, inner]) => walk(inner, `${place}.${name}`)) : [place];
  return walk(settings, 'settings');
}

/**
 * What was typed, as a value like the one that was assumed. Throws SyntaxError where JSON is wanted and the text is not
 * JSON.
 */
export function readValue(text: string, like: unknown): unknown {
  if (typeof like === 'string') return text.trim();
  if (typeof like === 'boolean') return text === 'true';
  return JSON.parse(text);
}

export function writeValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
