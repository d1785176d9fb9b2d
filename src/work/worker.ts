/** The file that a worker thread runs: a lane's default. */

import { prepareMessages } from '../messages/codec.js';
import { engine } from './engine.js';
import { worker } from './work.js';

// A thread counts as ready once this file is loaded, so the conversions are made here and not with the first question.
prepareMessages();

worker(engine);
