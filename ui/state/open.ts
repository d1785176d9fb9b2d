/** Opens a snapshot: names it by its digest, has it held, and says how far that is. */
import { signal } from '@preact/signals';
import { digestOf } from '../api/digest.js';
import { Refused, type SnapshotFile, Unreachable } from '../api/engine.js';
import type { Problem } from '../api/types.js';
import { remember } from './recent.js';
import { go, route, writeRoute } from './route.js';
import { engine, files, missing, names, tokenWanted } from './session.js';

export interface Opening {
  readonly doing: string;
  /** From 0 to 1. */
  readonly part: number;
}

export const opening = signal<Opening | undefined>(undefined);

/** What is wrong with what was opened last: a problem document, or a sentence. */
export const openFault = signal<{ readonly problem?: Problem; readonly says: string } | undefined>(undefined);

const nameOf = (given: readonly SnapshotFile[]) => given.map(({ name }) => name).join(', ');

/** Sends files that are here to an engine that does not hold them. */
export async function holdFiles(digest: string, given: readonly SnapshotFile[]): Promise<void> {
  const doing = engine.value.where === 'SERVER' ? 'Sending the snapshot to the server' : 'Reading the snapshot';
  await engine.value.hold(digest, given, (part) => {
    opening.value = { doing: part < 1 ? doing : 'Reading the snapshot', part };
  });
}

function faultOf(error: unknown): NonNullable<typeof openFault.value> {
  if (error instanceof Refused) {
    if (error.problem.code === 'UNAUTHENTICATED') tokenWanted.value = true;
    return { problem: error.problem, says: error.problem.detail };
  }
  if (error instanceof Unreachable) return { says: error.message };
  return { says: `The files cannot be read: ${error instanceof Error ? error.message : String(error)}` };
}

/**
 * Opens files as one snapshot. With `wanted`, only if they are the snapshot with this digest: then the view that asked
 * for them goes on.
 */
export async function open(given: readonly SnapshotFile[], wanted = ''): Promise<void> {
  if (given.length === 0) return;
  openFault.value = undefined;
  opening.value = { doing: 'Reading the files', part: 0 };
  try {
    const digest = await digestOf(given, (part) => {
      opening.value = { doing: 'Reading the files', part };
    });
    await holdFiles(digest, given);
    files.set(digest, given);
    names.value = { ...names.value, [digest]: nameOf(given) };
    remember({ digest, name: nameOf(given) });
    missing.value = '';
    if (wanted !== '' && digest === wanted) route.value = { ...route.value };
    else go(writeRoute({ digest, view: 'services', parameters: {} }));
  } catch (error) {
    openFault.value = faultOf(error);
  } finally {
    opening.value = undefined;
  }
}
