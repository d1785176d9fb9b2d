/** The file that a worker thread runs: a lane's default. */
import { prepareMessages } from '../messages/codec.js';
import { contract } from '../questions/contract.js';
import { engine } from './engine.js';
import { worker } from './work.js';

// A thread counts as ready once this file is loaded, so the contract is compiled here and not with the first question.
for (const name of [
  'ChainsRequest',
  'PathRequest',
  'ProbabilityRequest',
  'WhatIfRequest',
  'SweepRequest',
  'BatchRequest',
]) {
  contract().validator(name);
  contract().validator(`${name}Part`);
}

prepareMessages();

export default worker(engine);
