/**
 * The standard health service (grpc.health.v1): of the server as a whole, under the empty name, and of the questions.
 */
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { SERVICE } from './service-name.js';

const NAMES = ['', SERVICE] as const;

export class Health {
  readonly #implementation = new HealthImplementation({ '': 'NOT_SERVING', [SERVICE]: 'NOT_SERVING' });

  addTo(server: Server): void {
    this.#implementation.addToServer(server);
  }

  /** Whether questions should be sent here; whoever watches is notified. */
  set serving(serving: boolean) {
    for (const name of NAMES) this.#implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }
}
