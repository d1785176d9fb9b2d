import type { ProbeResult } from '../../load-balancers/implementation.js';
import type { Client } from '../../path/client.js';
import type { Journey } from '../../path/trail.js';

/** A journey with who made it, its chance over all clients and addresses of the question. */
export interface ClientJourney {
  readonly journey: Journey;
  readonly client: Client;
  /** For a probe of a health check: what it finds. */
  readonly probe?: ProbeResult;
}
