import type { StepList, WalkStep } from './types.js';

/** The steps of a list, oldest first. */
export function stepsOf(list: StepList | undefined): WalkStep[] {
  const steps: WalkStep[] = [];
  for (let entry = list; entry !== undefined; entry = entry.previous) steps.push(entry.step);
  return steps.reverse();
}
