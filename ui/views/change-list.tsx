/**
 * The changes, in the order in which they are made: each can be moved, switched off and taken out; a scaling has a
 * slider.
 */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { ListedObjects, Problem } from '../api/types.js';
import { changeWords } from '../state/change-words.js';
import { type ListedChange, listedChanges, setChanges } from '../state/session.js';

function Slider({
  listed,
  objects,
  onChange,
}: {
  listed: ListedChange;
  objects: ListedObjects;
  onChange(next: ListedChange): void;
}) {
  const { scale } = listed.change;
  const [shown, setShown] = useState<number | undefined>(undefined);
  if (scale === undefined) return null;
  const now = objects.workloads.find(
    (one) => one.kind === scale.kind && one.namespace === scale.namespace && one.name === scale.name,
  );
  const most = Math.max(20, 2 * scale.replicas, 3 * (now?.replicas ?? 0));
  const replicas = shown ?? scale.replicas;
  const use = (value: number) => {
    setShown(undefined);
    if (Number.isInteger(value) && value >= 0 && value <= 5000 && value !== scale.replicas) {
      onChange({ ...listed, change: { scale: { ...scale, replicas: value } } });
    }
  };
  return (
    <span class="slider">
      <input
        type="range"
        aria-label={`Replicas of ${scale.namespace}/${scale.name}`}
        min={0}
        max={most}
        value={replicas}
        onInput={({ currentTarget }) => setShown(Number(currentTarget.value))}
        onChange={({ currentTarget }) => use(Number(currentTarget.value))}
      />
      <input
        type="number"
        aria-label={`Number of replicas of ${scale.namespace}/${scale.name}`}
        min={0}
        max={5000}
        value={replicas}
        onChange={({ currentTarget }) => use(Number(currentTarget.value))}
      />
      <span class="detail unbroken">now {now?.replicas ?? now?.pods ?? '?'}</span>
    </span>
  );
}

/** What is wrong with changes, by their place among those that are on: the sentences of the last answer's problem. */
export const changeFaults = signal<ReadonlyMap<number, string>>(new Map());

/** The faults of a problem document that are about changes. */
export function faultsOf(problem: Problem | undefined): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const { pointer, detail } of problem?.errors ?? []) {
    const place = /^\/changes\/(\d+)(?:\/|$)/.exec(pointer)?.[1];
    if (place !== undefined && !found.has(Number(place))) found.set(Number(place), detail);
  }
  return found;
}

export function ChangeList({ objects }: { objects: ListedObjects }) {
  const listed = listedChanges.value;
  if (listed.length === 0) return null;
  const replace = (index: number, next: ListedChange) =>
    setChanges(listed.map((one, other) => (other === index ? next : one)));
  const move = (index: number, by: number) => {
    const next = [...listed];
    const [moved] = next.splice(index, 1);
    if (moved !== undefined) next.splice(index + by, 0, moved);
    setChanges(next);
  };
  return (
    <ol class="change-list" aria-label="Changes, in order">
      {listed.map((one, index) => {
        const words = changeWords(one.change);
        const place = listed.slice(0, index).filter(({ off }) => off !== true).length;
        const fault = one.off === true ? undefined : changeFaults.value.get(place);
        return (
          <li key={index} class={one.off === true ? 'off' : ''}>
            <label class="words">
              <input
                type="checkbox"
                checked={one.off !== true}
                onChange={({ currentTarget }) =>
                  replace(index, currentTarget.checked ? { change: one.change } : { change: one.change, off: true })
                }
              />{' '}
              {words}
            </label>
            <Slider listed={one} objects={objects} onChange={(next) => replace(index, next)} />
            <span class="actions">
              <button
                type="button"
                class="small"
                disabled={index === 0}
                aria-label={`Earlier: ${words}`}
                onClick={() => move(index, -1)}
              >
                ↑
              </button>
              <button
                type="button"
                class="small"
                disabled={index === listed.length - 1}
                aria-label={`Later: ${words}`}
                onClick={() => move(index, 1)}
              >
                ↓
              </button>
              <button
                type="button"
                class="small"
                aria-label={`Remove: ${words}`}
                onClick={() => setChanges(listed.filter((_, other) => other !== index))}
              >
                ×
              </button>
            </span>
            {fault === undefined ? null : <p class="fault">{fault}</p>}
          </li>
        );
      })}
    </ol>
  );
}
