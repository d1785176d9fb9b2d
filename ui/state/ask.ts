/**
 * Asks questions for views: answers are kept, those that are no longer wanted are given up, a forgotten snapshot is
 * sent again.
 */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { type Form, Refused, Unreachable } from '../api/engine.js';
import type { Answer, Body, Kind, Problem } from '../api/types.js';
import { holdFiles, opening } from './open.js';
import { digest, engine, files, missing, tokenWanted } from './session.js';

export interface Failure {
  readonly says: string;
  readonly problem?: Problem;
  /** Nobody answered: trying again may help. */
  readonly unreachable: boolean;
}

export interface Asked<K extends Kind> {
  /** The last answer; while the next one is under way, the one before. */
  readonly answer: Answer<K> | undefined;
  readonly failure: Failure | undefined;
  readonly asking: boolean;
}

/** Counts up when everything is to be asked again: after a token was given, a snapshot sent, or "try again". */
export const attempt = signal(0);

export function tryAgain(): void {
  kept.clear();
  attempt.value += 1;
}

const MOST_KEPT = 60;
/** Longer answers are asked for again rather than kept. */
const LARGEST_KEPT = 4_000_000;
const kept = new Map<string, Promise<string>>();

/** Asks; sends the snapshot again where it is here and the engine has forgotten it. Throws as the engine does. */
export async function askText(kind: Kind, body: Body, form: Form, signal?: AbortSignal): Promise<string> {
  try {
    return await engine.value.ask(kind, body, form, signal);
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.code !== 'UNKNOWN_DIGEST') throw error;
    const named = digest.value;
    const given = files.get(named);
    if (given === undefined) {
      missing.value = named;
      throw error;
    }
    try {
      await holdFiles(named, given);
    } finally {
      opening.value = undefined;
    }
    return await engine.value.ask(kind, body, form, signal);
  }
}

/** The same, of answers that were given before. Failures are not kept. */
export function askKept(kind: Kind, body: Body): Promise<string> {
  const key = `${kind} ${JSON.stringify(body)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const asked = askText(kind, body, 'json');
  kept.set(key, asked);
  asked.then(
    (text) => text.length > LARGEST_KEPT && kept.delete(key),
    () => kept.delete(key),
  );
  const oldest = kept.keys().next().value;
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return asked;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Unreachable) return { says: error.message, unreachable: true };
  if (error instanceof Refused) {
    if (error.problem.code === 'UNAUTHENTICATED') tokenWanted.value = true;
    return { says: error.problem.detail, problem: error.problem, unreachable: false };
  }
  return { says: error instanceof Error ? error.message : String(error), unreachable: false };
}

/** An answer to a question, asked again whenever the question changes. `body` undefined: nothing is asked. */
export function useAnswer<K extends Kind>(kind: K, body: Body | undefined): Asked<K> {
  const key = body === undefined ? undefined : `${attempt.value} ${JSON.stringify(body)}`;
  const [state, setState] = useState<Asked<K> & { readonly key: string | undefined }>({
    key: undefined,
    answer: undefined,
    failure: undefined,
    asking: false,
  });
  useEffect(() => {
    if (body === undefined || key === undefined) {
      setState({ key, answer: undefined, failure: undefined, asking: false });
      return;
    }
    let wanted = true;
    setState((before) => ({ ...before, asking: true }));
    askKept(kind, body).then(
      (text) => {
        if (wanted) setState({ key, answer: JSON.parse(text) as Answer<K>, failure: undefined, asking: false });
      },
      (error: unknown) => {
        if (wanted) setState((before) => ({ ...before, key, failure: failureOf(error), asking: false }));
      },
    );
    return () => {
      wanted = false;
    };
    // The key stands for kind and body.
  }, [kind, key]);
  return { ...state, asking: state.asking || (key !== undefined && state.key !== key) };
}
