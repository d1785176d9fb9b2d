/** The files that hold tokens and certificates: read before anything listens, and read again when they change. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Token } from './credentials.js';
import type { Logger } from './log.js';
import type { Settings } from './service-settings.js';
import { readTls, type Tls } from './tls.js';
import { readTokens } from './tokens-file.js';
import { SettingsError } from './variables.js';

/** What the files hold. */
export interface Secrets {
  readonly tokens: readonly (string | Token)[];
  readonly tls: Tls | undefined;
}

type Files = Pick<Settings, 'tokens' | 'tokensFile' | 'tls'>;

/** Reads the files. Throws SettingsError that names the file and what is wrong with it, never what it holds. */
export function readSecrets({ tokens, tokensFile, tls }: Files): Secrets {
  const secrets = tls === undefined ? undefined : readTls(tls);
  if (tokensFile === undefined) return { tokens, tls: secrets };
  let content: string;
  try {
    content = readFileSync(tokensFile, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError([`TOKENS_FILE ${tokensFile} cannot be read (${code}).`]);
  }
  return { tokens: [...tokens, ...readTokens(content, tokensFile)], tls: secrets };
}

/** What follows a change of the files. */
export interface SecretsUser {
  /** Takes the place of what was read before. */
  renew(secrets: Secrets): void;
  /** Counts the change: `true` when it was taken. */
  reloaded(taken: boolean): void;
}

/** Stands for the content of a file that cannot be read. */
function unreadable(error: unknown): Buffer {
  return Buffer.from(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
}

function digestOf(contents: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(`${content.length} `).update(content);
  return hash.digest('hex');
}

/**
 * Looks at the files every so often, and hands over what they hold when it changed. Their content is compared:
 * Kubernetes replaces the files of a Secret by moving a link, which watches of the file system miss. While the files do
 * not belong together (a certificate that is there before its key) or cannot be read, what was read before stays in
 * use.
 */
export class SecretFiles {
  readonly #files: Files;
  readonly #paths: readonly string[];
  readonly #user: SecretsUser;
  readonly #log: Logger;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** What the files hold now counts as read. */
  constructor(files: Files, user: SecretsUser, log: Logger) {
    const { tokensFile, tls } = files;
    this.#files = files;
    this.#paths = [tokensFile, tls?.cert, tls?.key, tls?.clientCa].filter((path) => path !== undefined);
    this.#user = user;
    this.#log = log;
    this.#seen = digestOf(
      this.#paths.map((path) => {
        try {
          return readFileSync(path);
        } catch (error) {
          return unreadable(error);
        }
      }),
    );
  }

  /** Looks every `interval` milliseconds from now on; 0: never. */
  start(interval: number): void {
    if (interval === 0 || this.#paths.length === 0) return;
    const again = () => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => void this.look().finally(again), interval);
      this.#timer.unref();
    };
    again();
  }

  /** Looks at the files now. Never rejects. */
  async look(): Promise<void> {
    const digest = digestOf(await Promise.all(this.#paths.map((path) => readFile(path).catch(unreadable))));
    if (digest === this.#seen || this.#closed) return;
    this.#seen = digest;
    try {
      const secrets = readSecrets(this.#files);
      this.#user.renew(secrets);
      this.#user.reloaded(true);
      const validTo = secrets.tls?.validTo;
      const expires = validTo === undefined ? {} : { certificateExpires: validTo.toISOString() };
      this.#log.info({ tokens: secrets.tokens.length, ...expires }, 'tokens and certificates were read again');
    } catch (error) {
      this.#user.reloaded(false);
      // What libraries say may quote what they read.
      const problems = error instanceof SettingsError ? error.problems : ['TLS_CERT_FILE: OpenSSL refuses the files.'];
      this.#log.warn({ problems }, 'files of tokens and certificates changed and are not valid: the earlier ones stay');
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
