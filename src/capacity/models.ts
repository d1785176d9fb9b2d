/** Every model of load and time by its name: what is given in, named fields out. docs/capacity.md describes each. */
import { affinity } from './affinity.js';
import { GivenFault } from './given.js';
import { hpa } from './hpa-model.js';
import { roundRobin } from './round-robin.js';
import { solve } from './solve-models.js';
import {
  type Answer,
  allServed,
  extremes,
  idle,
  overCapacity,
  podLoad,
  poisson,
  refused,
  twoStage,
} from './throw-models.js';
import { loss, rollout, scaleUp } from './time-models.js';

const MODELS = {
  'pod-load': podLoad,
  extremes,
  'over-capacity': overCapacity,
  idle,
  'all-served': allServed,
  'two-stage': twoStage,
  'round-robin': roundRobin,
  affinity,
  poisson,
  refused,
  'scale-up': scaleUp,
  rollout,
  loss,
  hpa,
  solve,
} as const satisfies Readonly<Record<string, (given: unknown, at: string) => Answer>>;

type ModelName = keyof typeof MODELS;

/** What a model gives. Throws GivenFault for a name or a value that is wrong; `at` is the place of what is given. */
export function answerModel(name: string, given: unknown, at: string): Answer {
  if (!Object.hasOwn(MODELS, name)) {
    throw new GivenFault(at, `There is no model "${name.slice(0, 40)}"; there are ${Object.keys(MODELS).join(', ')}.`);
  }
  return MODELS[name as ModelName](given, at);
}
