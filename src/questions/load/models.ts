/** Models of loads that a request gives in full, or that an answer is made with. */
import { pointer } from '../../base/errors.js';
import { GivenFault } from '../../capacity/given.js';
import { answerModel } from '../../capacity/models.js';
import { type Traffic, wrongTraffic } from './offered.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Runs a model; an error names the place in the request. */
export function modelled(name: string, given: unknown, at: string): Fields {
  try {
    return answerModel(name, given, at);
  } catch (error) {
    if (error instanceof GivenFault) throw wrongTraffic(error.pointer, error.message);
    throw error;
  }
}

/**
 * The models that the request gives in full, each answered by itself. Throws INVALID_REQUEST with the place of what is
 * wrong.
 */
export function modelAnswers({ models = [] }: Traffic): readonly { readonly model: string; readonly answer: Fields }[] {
  return models.map(({ model, given }, index) => ({
    model,
    answer: modelled(model, given, pointer('probability', 'traffic', 'models', index, 'given')),
  }));
}
