import type { ServiceCode } from '../base/errors.js';

/** The server cannot be asked, or will not answer, whatever the question. */
export class ServerError extends Error {
  /** What the server said, where it said anything. */
  readonly code: ServiceCode | undefined;

  constructor(message: string, code?: ServiceCode) {
    super(message);
    this.name = 'ServerError';
    this.code = code;
  }
}
