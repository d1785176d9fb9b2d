import type { Body, Budget } from '../work/body.js';
import { ProblemError } from '../work/problem.js';

/** The problem when all requests in memory together leave no room for another. */
export function outOfRoom({ limit }: Budget): ProblemError {
  const detail = `The requests being worked on fill the ${limit} bytes set aside for them. Try again later.`;
  return new ProblemError({ code: 'OVERLOADED', detail, headers: { 'retry-after': '5' } });
}

/**
 * Hands a message's bytes to `work` as a body that can be transferred to another thread, and takes their room of the
 * budget meanwhile. Throws ProblemError OVERLOADED.
 */
export async function withBytes<T>(message: Buffer, budget: Budget, work: (body: Body) => Promise<T>): Promise<T> {
  const { length } = message;
  if (!budget.take(length)) throw outOfRoom(budget);
  try {
    // A copy, since the message shares its memory with whatever else arrived with it.
    const segment = new ArrayBuffer(length);
    new Uint8Array(segment).set(message);
    return await work({ segments: [segment], length });
  } finally {
    budget.give(length);
  }
}
