/**
 * The page without a server: a folder of files whose engine is the same code in a worker. It answers what a server
 * answers, byte for byte.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import t from 'tap';
import { build } from 'vite';
import { kindOfExample } from '../../src/rest/document.js';
import { address, digestOf, headline, hold, open, skip, watch } from './support.js';

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

/** Any server of files will do. */
async function serveFolder(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = path === '/' ? 'index.html' : path.slice(1);
    try {
      const bytes = readFileSync(join(folder, name));
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Asks the worker of the page as the page itself does. Runs in the browser. */
const ASK = `async ([engine, digest, snapshot, questions]) => {
  const worker = new Worker('./page/' + engine, { type: 'module' });
  const call = (message) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ id: 1, ...message });
  });
  const bytes = new TextEncoder().encode(snapshot);
  await call({ does: 'hold', digest, files: [{ name: 'article.json', bytes }] });
  const texts = [];
  for (const [kind, body, form] of questions) {
    const { text, problem } = await call({ does: 'ask', kind, body, form });
    texts.push(text ?? JSON.stringify(problem) + '\\n');
  }
  worker.terminate();
  return texts;
}`;

t.test('the page without a server', { skip }, async (t) => {
  const folder = t.testdir();
  await build({
    root: 'ui',
    configFile: 'ui/vite.config.ts',
    mode: 'page',
    logLevel: 'error',
    build: { outDir: folder },
  });
  const files = await serveFolder(folder);
  const test = await open();
  t.teardown(async () => {
    await test.close();
    files.closeAllConnections();
    files.close();
  });
  const own = `http://127.0.0.1:${(files.address() as AddressInfo).port}/`;
  const { page, complaints } = await watch(test.browser);

  await t.test('same answers as the server, byte for byte', async (t) => {
    const bytes = readFileSync('examples/article.json');
    const digest = await hold(test.base, bytes);
    const questions: [string, object, string][] = [];
    for (const file of readdirSync('examples/requests').sort()) {
      const kind = kindOfExample(file);
      if (kind === undefined) continue;
      const body = {
        snapshot: { digest },
        ...(JSON.parse(readFileSync(`examples/requests/${file}`, 'utf8')) as object),
      };
      for (const form of ['json', 'text', 'markdown', 'csv']) questions.push([kind, body, form]);
    }
    // Wrong input gets the same problem document.
    const wrong = {
      snapshot: { digest },
      path: { source: { pod: 'default/clint' }, destination: { host: 'nginx-svc', port: 80 } },
    };
    questions.push(['path', wrong, 'json'], ['path', { snapshot: { digest }, pth: 1 }, 'json']);
    await page.goto(own);
    const [engine] = readdirSync(join(folder, 'page')).filter((name) => /^engine-.*\.js$/.test(name));
    const texts = await page.evaluate<string[]>(
      `(${ASK})(${JSON.stringify([engine, digest, bytes.toString(), questions])})`,
    );
    for (const [index, [kind, body, form]] of questions.entries()) {
      const response = await fetch(`${test.base}v1/${kind}?form=${form}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      t.equal(texts[index], await response.text(), `${kind} as ${form}`);
    }
  });

  await t.test('it says that nothing leaves the page, and nothing does', async (t) => {
    await page.goto(own);
    await page.getByText('Nothing leaves this page').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
    const snapshot = readFileSync('examples/article-nodeport.json');
    await page
      .locator('input[type=file]')
      .setInputFiles([{ name: 'cluster.json', mimeType: 'application/json', buffer: snapshot }]);
    await page.getByRole('link', { name: 'default/nginx-svc' }).click();
    t.match(await headline(page, 'Even'), /each of 3 pods/);
    await page.locator('.chain.endpoint').first().waitFor();
    t.match(await page.locator('.rail').innerText(), /asks this browser/);
    t.same(
      asked.filter((one) => !one.startsWith(`GET ${own}page/`) && !one.startsWith('GET blob:')),
      [],
      'files of the page alone',
    );
    const digest = digestOf(snapshot);
    await page.goto('about:blank');
    await page.goto(address(own, digest, 'shares', { service: 'default/nginx-svc' }));
    await page.getByText('The snapshot of this address is not here').waitFor();
    await page
      .locator('input[type=file]')
      .setInputFiles([{ name: 'cluster.json', mimeType: 'application/json', buffer: snapshot }]);
    await headline(page, 'Even');
  });
  t.same(complaints, []);
});
