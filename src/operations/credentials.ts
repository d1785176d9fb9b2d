/** Who may ask, and whose snapshots are whose. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ProblemInit } from '../work/problem.js';

/** Whose request it is: held snapshots are kept apart by it. */
export type Verdict = { readonly owner: string } | { readonly problem: ProblemInit };

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusal(detail: string, error: string): Verdict {
  const headers = { 'www-authenticate': `Bearer realm="kube-whatif"${error}` };
  return { problem: { code: 'UNAUTHENTICATED', detail, headers } };
}

export class Credentials {
  readonly #tokens: readonly Buffer[];

  /** Without tokens everybody may ask. */
  constructor(tokens: readonly string[]) {
    this.#tokens = tokens.map(hash);
  }

  /** Whether requests need a token. */
  get required(): boolean {
    return this.#tokens.length > 0;
  }

  /**
   * Holds the `Authorization` header against the tokens, and tells the owner: one for each token and client certificate
   * (`fingerprint`, of mutual TLS), one for all that have neither. Takes the same time whichever token it is, or none.
   */
  check(authorization: string | undefined, fingerprint?: string): Verdict {
    let owner = 'anonymous';
    if (this.required) {
      const [, token] = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '') ?? [];
      if (token === undefined) return refusal('A token is needed: `Authorization: Bearer …`.', '');
      const digest = hash(token);
      // No early end: how long it takes must not tell which token it nearly was.
      let known = false;
      for (const one of this.#tokens) known = timingSafeEqual(one, digest) || known;
      if (!known) return refusal('The token is not one that is accepted.', ', error="invalid_token"');
      owner = hash(`token ${token}`).toString('hex').slice(0, 32);
    }
    if (fingerprint === undefined) return { owner };
    return { owner: hash(`${owner} ${fingerprint}`).toString('hex').slice(0, 32) };
  }
}
