/** Lists of the API server, page by page: what expires is read anew, what breaks is tried again. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Access } from './access.js';
import { CollectError } from './collect-error.js';
import type { Resource } from './collected-resources.js';
import { Broken, exchange, type Reply } from './http.js';
import { backOff, pause, retryAfter } from './pause.js';

export interface ApiOptions {
  /** Objects of a page. */
  readonly page: number;
  /** How long the API server may say nothing, milliseconds. */
  readonly timeout: number;
  /** How often a request is tried, and the first wait between, milliseconds. */
  readonly tries?: number;
  readonly firstWait?: number;
  readonly signal?: AbortSignal;
  readonly observer?: ApiObserver;
}

/** What is called when something happens, for metrics. */
interface ApiObserver {
  /** A reply came, with this status; 0: none came. */
  replied(status: number): void;
  /** A list had to begin anew, since its pages expired. */
  expired(): void;
}

/** What a list gave. */
export type Listed =
  | { readonly kind: string; readonly apiVersion: string; readonly items: readonly unknown[] }
  | 'FORBIDDEN'
  | 'NOT_THERE';

/** How often a list begins anew before it is asked for in one piece. */
const EXPIRED_TRIES = 3;

interface Page {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly items?: unknown;
  readonly metadata?: { readonly continue?: unknown };
  readonly preferredVersion?: { readonly version?: unknown };
}

export class Api {
  readonly #access: Access;
  readonly #options: Required<Pick<ApiOptions, 'tries' | 'firstWait'>> & ApiOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #versions = new Map<string, string>();

  constructor(access: Access, options: ApiOptions) {
    this.#access = access;
    this.#options = { tries: 5, firstWait: 500, ...options };
    const keep = { keepAlive: true, maxSockets: 4 };
    this.#agent = access.url.protocol === 'https:' ? new HttpsAgent(keep) : new HttpAgent(keep);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once(path: string): Promise<Reply> {
    const { url } = this.#access;
    const { timeout, signal, observer } = this.#options;
    const { headers, tls } = this.#access.credentials();
    try {
      const reply = await exchange({
        method: 'GET',
        url: new URL(url.pathname.replace(/\/$/, '') + path, url),
        headers: { accept: 'application/json', ...headers },
        timeout,
        tls,
        agent: this.#agent,
        ...(signal === undefined ? {} : { signal }),
      });
      observer?.replied(reply.status);
      return reply;
    } catch (error) {
      observer?.replied(0);
      throw error;
    }
  }

  /** A reply that says something about the request; what breaks, is too much or fails there is tried again. */
  async #get(path: string): Promise<Reply> {
    const { tries, firstWait, signal } = this.#options;
    for (let tried = 1; ; tried++) {
      let why: string;
      let wait = backOff(tried, firstWait, 30_000);
      try {
        const reply = await this.#once(path);
        if (reply.status !== 429 && reply.status < 500) return reply;
        why = `status ${reply.status}`;
        wait = Math.max(wait, retryAfter(reply.headers['retry-after']) ?? 0);
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        why = error.message;
      }
      if (tried >= tries || signal?.aborted) {
        throw new CollectError(`The API server did not answer ${path.split('?')[0]} in ${tried} tries: ${why}.`);
      }
      await pause(wait, signal);
    }
  }

  #page({ body }: Reply, path: string): Page {
    try {
      const page = JSON.parse(body.toString('utf8')) as Page | null;
      if (typeof page === 'object' && page !== null) return page;
    } catch {
      // Not JSON: reported below.
    }
    throw new CollectError(`What the API server answers to ${path.split('?')[0]} is not JSON.`);
  }

  #unexpected({ status }: Reply, path: string): CollectError {
    const why = status === 401 ? 'it does not accept the credentials' : `it answers with status ${status}`;
    return new CollectError(`The API server cannot be asked for ${path.split('?')[0]}: ${why}.`);
  }

  /** The path of a resource's group and version; undefined where the group is not there. */
  async #base(group: string): Promise<string | undefined> {
    if (group === '') return '/api/v1';
    const known = this.#versions.get(group);
    if (known !== undefined) return `/apis/${group}/${known}`;
    const path = `/apis/${group}`;
    const reply = await this.#get(path);
    if (reply.status === 404) return undefined;
    // Whoever may not see what there is can still be allowed to list it.
    const version = reply.status === 200 ? this.#page(reply, path).preferredVersion?.version : undefined;
    if (reply.status !== 200 && reply.status !== 403) throw this.#unexpected(reply, path);
    const chosen = typeof version === 'string' && /^v\w{1,20}$/.test(version) ? version : 'v1';
    this.#versions.set(group, chosen);
    return `/apis/${group}/${chosen}`;
  }

  /** Forgets which versions there are: the API server may be another one by now. */
  forget(): void {
    this.#versions.clear();
  }

  /** All objects of a resource, in all namespaces. Throws CollectError where that cannot be known. */
  async list({ name, group }: Resource): Promise<Listed> {
    const base = await this.#base(group);
    if (base === undefined) return 'NOT_THERE';
    const { page: size, observer } = this.#options;
    for (let tries = 0; tries <= EXPIRED_TRIES; tries++) {
      // At last in one piece: nothing expires then.
      const limit = tries < EXPIRED_TRIES ? size : 0;
      const listed = await this.#pages(`${base}/${name}`, limit);
      if (listed !== 'EXPIRED') return listed;
      observer?.expired();
    }
    throw new CollectError(`The list of ${name} expires again and again.`);
  }

  async #pages(path: string, limit: number): Promise<Listed | 'EXPIRED'> {
    const items: unknown[] = [];
    let next = '';
    let head: { readonly kind: string; readonly apiVersion: string } | undefined;
    for (;;) {
      const query = new URLSearchParams({
        ...(limit === 0 ? {} : { limit: String(limit) }),
        ...(next === '' ? {} : { continue: next }),
      }).toString();
      const whole = query === '' ? path : `${path}?${query}`;
      const reply = await this.#get(whole);
      if (reply.status === 410) return 'EXPIRED';
      if (reply.status === 403) return 'FORBIDDEN';
      if (reply.status === 404 || reply.status === 405) return 'NOT_THERE';
      if (reply.status !== 200) throw this.#unexpected(reply, whole);
      const page = this.#page(reply, whole);
      if (
        typeof page.kind !== 'string' ||
        !page.kind.endsWith('List') ||
        !(page.items == null || Array.isArray(page.items))
      ) {
        throw new CollectError(`What the API server answers to ${path} is not a list.`);
      }
      head ??= { kind: page.kind.slice(0, -4), apiVersion: String(page.apiVersion) };
      for (const item of (page.items as readonly unknown[] | null) ?? []) items.push(item);
      next = typeof page.metadata?.continue === 'string' ? page.metadata.continue : '';
      if (next === '') return { ...head, items };
    }
  }

  /** One object; undefined where it is not there or may not be read. */
  async get(path: string): Promise<unknown> {
    const reply = await this.#get(path);
    if (reply.status === 404 || reply.status === 403) return undefined;
    if (reply.status !== 200) throw this.#unexpected(reply, path);
    return this.#page(reply, path);
  }
}
