/** How the page is served: its headers, its sizes, and what it leaves out. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { send, start } from '../rest/support.js';

// Each test starts a server, worker threads and all.
t.setTimeout(600_000);

const BUILT = 'dist/ui';
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

t.test('the page is at / for browsers, and for nobody else', async (t) => {
  const server = await start();
  t.teardown(() => server.app.close());
  const page = await send(server, 'GET', '/', html);
  t.equal(page.status, 200);
  t.match(page.headers['content-type'], /^text\/html/);
  t.equal(page.headers.vary, 'Accept');
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, /default-src 'none'/);
  t.match(policy, /script-src 'self'(;|$)/);
  t.notMatch(policy, /unsafe|\*|https?:/);
  t.notMatch(page.text, /<script(?![^>]* src=)|<style|\son\w+=|style=/, 'nothing is inline');
  for (const accept of ['*/*', 'application/json', 'text/html;q=0', 'text/plain']) {
    const other = await send(server, 'GET', '/', { accept });
    t.equal(other.status, 404, accept);
    t.equal(other.json().code, 'UNKNOWN_ROUTE', accept);
  }
  for (const [, path = ''] of page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
    const file = await send(server, 'GET', `/${path}`, { 'accept-encoding': 'gzip, br' });
    t.equal(file.status, 200, path);
    t.match(path, /-[\w-]{8}\.(js|css)$/, 'its name has a hash of its content');
    t.match(file.headers['cache-control'], /immutable/);
    t.match(file.headers['content-encoding'], /^(br|gzip)$/);
    t.ok(file.headers['content-security-policy']);
  }
  t.ok((await send(server, 'GET', '/page/../../package.json')).status >= 400);
  t.equal((await send(server, 'GET', '/page/nothing.js')).status, 404);
});

t.test('UI=off leaves it out', async (t) => {
  const server = await start({ ui: 'off' });
  t.teardown(() => server.app.close());
  const page = await send(server, 'GET', '/', html);
  t.equal(page.status, 404);
  t.equal(page.json().code, 'UNKNOWN_ROUTE');
  const [file = ''] = readdirSync(`${BUILT}/page`);
  t.equal((await send(server, 'GET', `/page/${file}`)).status, 404);
});

t.test('the page needs no token; what it asks does', async (t) => {
  const server = await start({ tokens: ['a-token-of-this-test-0123456789'] });
  t.teardown(() => server.app.close());
  t.equal((await send(server, 'GET', '/', html)).status, 200);
  t.equal((await send(server, 'POST', '/v1/path', { 'content-type': 'application/json' }, '{}')).status, 401);
});

t.test('the first load is under 250 KB compressed', async (t) => {
  const index = readFileSync(`${BUILT}/index.html`, 'utf8');
  const first = [...index.matchAll(/(?:src|href)="\.\/(page\/[^"]+)"/g)].map(([, path]) => path ?? '');
  t.ok(first.length >= 2);
  const size = first.reduce((sum, path) => sum + statSync(`${BUILT}/${path}.gz`).size, Buffer.byteLength(index));
  t.ok(size < 250 * 1024, `${size} bytes`);
  const engines = readdirSync(`${BUILT}/page`).filter((name) => /^(engine|browser)/.test(name));
  t.same(engines, [], 'the page that a server gives has no engine inside');
});
