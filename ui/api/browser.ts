/** The engine in a worker of this browser: nothing leaves the page. */
import type { Engine } from './engine.js';

export function browser(): Engine {
  throw new Error('not here yet');
}
