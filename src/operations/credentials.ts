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

/** A bearer token. Tokens with the same `owner` see the same held snapshots; one without is an owner of its own. */
export interface Token {
  readonly token: string;
  readonly owner?: string;
}

interface Known {
  readonly digest: Buffer;
  readonly owner: string;
}

function known(given: string | Token): Known {
  const { token, owner }: Token = typeof given === 'string' ? { token: given } : given;
  const name = owner === undefined ? `token ${token}` : `owner ${owner}`;
  return { digest: hash(token), owner: hash(name).toString('hex').slice(0, 32) };
}

export class Credentials {
  #tokens: readonly Known[];

  /** Without tokens everybody may ask. */
  constructor(tokens: readonly (string | Token)[]) {
    this.#tokens = tokens.map(known);
  }

  /** From now on these tokens are accepted, and no others. Throws RangeError where this would let everybody in. */
  replace(tokens: readonly (string | Token)[]): void {
    if (this.required && tokens.length === 0) throw new RangeError('no tokens');
    this.#tokens = tokens.map(known);
  }

  /** Whether requests need a token. */
  get required(): boolean {
    return this.#tokens.length > 0;
  }

  /**
   * Compares the `Authorization` header with the tokens, and returns the owner: one for each token (or the name that
   * tokens share) and client certificate (`fingerprint`, of mutual TLS), one for all that have neither. Takes the same
   * time whichever token it is.
   */
  check(authorization: string | undefined, fingerprint?: string): Verdict {
    let owner = 'anonymous';
    if (this.required) {
      const [, token] = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '') ?? [];
      if (token === undefined) return refusal('A token is needed: `Authorization: Bearer …`.', '');
      const digest = hash(token);
      // No early end: how long it takes must not tell which token it nearly was.
      let found: Known | undefined;
      for (const one of this.#tokens) if (timingSafeEqual(one.digest, digest)) found = one;
      if (found === undefined) return refusal('The token is not one that is accepted.', ', error="invalid_token"');
      owner = found.owner;
    }
    if (fingerprint === undefined) return { owner };
    return { owner: hash(`${owner} ${fingerprint}`).toString('hex').slice(0, 32) };
  }
}
