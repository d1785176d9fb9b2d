/**
 * The page in a real browser: Debian's chromium, driven by playwright-core. Tests of one process share a browser, and
 * nothing that is in it: each page has a context of its own. Tests skip, and say why, where there is no browser or the
 * page was not built.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import t from 'tap';
import type { Answer } from '../../src/contract/answers.js';
import { type Running, start } from '../rest/support.js';

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's program; undefined where there is none. */
const browserProgram = BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path));

/** Why tests with a browser cannot run; false where they can. */
export const skip: string | false =
  browserProgram === undefined
    ? 'no chromium here: apt-get install -y chromium'
    : existsSync('dist/ui/index.html')
      ? false
      : 'the page was not built: npm run build';

export interface Test {
  readonly server: Running;
  readonly browser: Browser;
  /** The address of the page. */
  readonly base: string;
  close(): Promise<void>;
}

async function launch(): Promise<Browser> {
  return await chromium.launch({ executablePath: browserProgram as string, args: ['--no-sandbox', '--disable-gpu'] });
}

let shared: Promise<Browser> | undefined;
t.teardown(async () => (await shared)?.close());

/** A server with small lanes, and the browser. */
export async function open(options: Parameters<typeof start>[0] = {}): Promise<Test> {
  shared ??= launch();
  const [server, browser] = await Promise.all([start(options), shared]);
  return {
    server,
    browser,
    base: `http://127.0.0.1:${server.port}/`,
    async close() {
      await Promise.all(browser.contexts().map((context) => context.close()));
      await server.app.close();
    },
  };
}

/** What the browser complains about: errors of scripts, and what the Content-Security-Policy refused. */
export interface Watched {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export async function watch(browser: Browser, options: Parameters<Browser['newPage']>[0] = {}): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Answers that are problems are what some tests are about.
    if (message.type() === 'error' && !/status of (4|5)\d\d|ERR_CONNECTION/.test(message.text()))
      complaints.push(message.text());
  });
  return { page, complaints };
}

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Has a server hold files as one snapshot, as the page does. Returns its digest. */
export async function hold(base: string, ...files: readonly (string | Uint8Array)[]): Promise<string> {
  const contents = files.map((file) => (typeof file === 'string' ? readFileSync(file) : file));
  const digest = digestOf(Buffer.concat(contents));
  const form = new FormData();
  for (const bytes of contents) form.append('snapshot', new Blob([new Uint8Array(bytes)]), 'cluster.json');
  const response = await fetch(`${base}v1/snapshots/${digest}`, { method: 'PUT', body: form });
  if (!response.ok) throw new Error(await response.text());
  return digest;
}

/** What the REST interface answers. */
export async function ask<R>(base: string, kind: string, body: object): Promise<Answer<R>> {
  const response = await fetch(`${base}v1/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Answer<R>;
}

/** The address of a view. */
export function address(
  base: string,
  digest: string,
  view: string,
  parameters: Readonly<Record<string, string>> = {},
): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${base}#/${digest}/${view}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

/** The sentence that the page answers with, once it is there. */
export async function headline(page: Page, wanted: string): Promise<string> {
  await page.locator('[data-headline]', { hasText: wanted }).waitFor();
  return await page.locator('[data-headline]').innerText();
}

/** The exact fractions that elements show, in their order. */
export async function fractions(page: Page, selector: string): Promise<string[]> {
  return await page
    .locator(selector)
    .evaluateAll((elements) => elements.map((one) => one.getAttribute('data-fraction') ?? ''));
}

/** `3/9` and `1/3` are the same. */
export function reduced(text: string): string {
  const [n = 0n, d = 1n] = text.split('/').map(BigInt);
  const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
  const common = gcd(n, d);
  return d / common === 1n ? String(n / common) : `${n / common}/${d / common}`;
}
