/** What the page is about now: the engine, the snapshot, and what is changed and assumed in every question about it. */

import { computed, signal } from '@preact/signals';
import type { Engine, SnapshotFile } from '../api/engine.js';
import type { Body, Change, Settings } from '../api/types.js';
import { isRecord } from './record.js';
import { type Route, route, set } from './route.js';

/** Set once, before anything is shown. */
export const engine = signal<Engine>(undefined as unknown as Engine);

/** The files of snapshots that were opened here, by digest: sent again when a server has forgotten them. */
export const files = new Map<string, readonly SnapshotFile[]>();

/** What snapshots are called: the names of their files. */
export const names = signal<Readonly<Record<string, string>>>({});

/** What a snapshot is called: as it was opened here, as the address says, or nothing in particular. */
export function nameOf(digest: string): string {
  return names.value[digest] || route.value.parameters.name || 'snapshot';
}

/** The digest that the engine does not hold and whose files are not here: the page asks for them. */
export const missing = signal('');

/** Whether the server wants a token. */
export const tokenWanted = signal(false);

/** A change in the list, which may be switched off. */
export interface ListedChange {
  readonly change: Change;
  readonly off?: boolean;
}

function json<T>(text: string | undefined, fallback: T, isRight: (value: unknown) => boolean): T {
  if (text === undefined) return fallback;
  try {
    const value: unknown = JSON.parse(text);
    return isRight(value) ? (value as T) : fallback;
  } catch {
    return fallback;
  }
}

const parameter = (name: string) => computed(() => route.value.parameters[name]);

const changesText = parameter('changes');
const settingsText = parameter('settings');

/** The changes of the address, in order. `-` before a change: it is switched off. */
export const listedChanges = computed<readonly ListedChange[]>(() =>
  json<readonly ListedChange[]>(
    changesText.value,
    [],
    (value) =>
      Array.isArray(value) && value.every((one) => isRecord(one) && isRecord((one as unknown as ListedChange).change)),
  ),
);

/** Those that are on. */
export const changes = computed<readonly Change[]>(() =>
  listedChanges.value.flatMap(({ change, off }) => (off === true ? [] : [change])),
);

export const settings = computed<Settings>(() => json<Settings>(settingsText.value, {}, isRecord));

export const digest = computed(() => route.value.digest);

/** Which side of the changes views show: after them, or before. */
export const side = computed<'before' | 'after'>(() => (route.value.parameters.side === 'before' ? 'before' : 'after'));

/** Puts another list of changes into the address. */
export function setChanges(next: readonly ListedChange[]): void {
  set({ changes: next.length === 0 ? undefined : JSON.stringify(next), side: undefined });
}

export function addChange(change: Change): void {
  setChanges([...listedChanges.value, { change }]);
}

/** Puts other settings into the address. */
export function setSettings(next: Settings): void {
  set({ settings: Object.keys(next).length === 0 ? undefined : JSON.stringify(next) });
}

/** What is around every question: the snapshot, settings and, unless the view shows the state before, changes. */
function envelope({ digest: named }: Route, made: readonly Change[]): Body {
  return {
    snapshot: { digest: named },
    ...(Object.keys(settings.value).length === 0 ? {} : { settings: settings.value }),
    ...(made.length === 0 ? {} : { changes: made }),
  };
}

/** The changes that the present view shows the effect of. */
export const shownChanges = computed<readonly Change[]>(() => (side.value === 'before' ? [] : changes.value));

/** The request of the present view with its question. */
export function request(question: Body, made: readonly Change[] = shownChanges.value): Body {
  return { ...envelope(route.value, made), ...question };
}
