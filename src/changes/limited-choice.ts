import type { Choice } from './change.js';

/** At most this many choices of one kind are listed of a change, and this many alternatives of each. */
export const MAX_CHOICES = 100;
const MAX_ALTERNATIVES = 100;

/** A choice whose alternatives are cut to a readable number; `why` then says how many more there are. */
export function limitedChoice(choice: Choice): Choice {
  const more = choice.alternatives.length - MAX_ALTERNATIVES;
  if (more <= 0) return choice;
  return {
    ...choice,
    alternatives: choice.alternatives.slice(0, MAX_ALTERNATIVES),
    why: `${choice.why} ${more} more alternatives are not named here.`,
  };
}
