/**
 * A cluster is opened: by choosing files, by an example, by its digest; faults are shown where they are; a forgotten
 * snapshot is asked for.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { address, digestOf, headline, hold, open, skip, type Test, watch } from './support.js';

const ARTICLE = readFileSync('examples/article-nodeport.json');

/** Files as a person chooses them. */
const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

t.test('opening', { skip }, async (t) => {
  const test: Test = await open();
  t.teardown(() => test.close());
  const { base, browser } = test;
  const { page, complaints } = await watch(browser);
  const choose = (...files: readonly ReturnType<typeof file>[]) =>
    page.locator('input[type=file]').setInputFiles([...files]);

  await t.test('an example', async (t) => {
    await page.goto(base);
    await page.getByText('Answers come from the server').waitFor();
    await page.getByRole('button', { name: 'three-zones.json' }).click();
    await page.locator('[data-service="default/web"]').waitFor();
    t.match(page.url(), digestOf(readFileSync('examples/three-zones.json')));
  });

  await t.test('a name that the server has', async (t) => {
    const put = (body: string) =>
      fetch(`${base}v1/snapshots/names/prod`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
    const older = JSON.stringify({ ...JSON.parse(ARTICLE.toString()), metadata: {} });
    for (const body of [older, ARTICLE.toString()]) t.equal((await put(body)).status, 201);
    await page.goto(base);
    await page.reload();
    await page.getByRole('button', { name: 'prod@-1' }).click();
    await page.locator('[data-service="default/nginx-svc"]').waitFor();
    t.match(page.url(), digestOf(Buffer.from(older)));
    await page.goto(`${base}#/@prod/shares?service=default/nginx-svc`);
    await page.waitForURL((url) => url.hash.includes(digestOf(ARTICLE)));
    t.match(page.url(), /shares\?.*service=default%2Fnginx-svc/, 'the view is the one of the address');
    await page.goto(`${base}#/@prod@-1/services`);
    await page.waitForURL((url) => url.hash.includes(digestOf(Buffer.from(older))));
    await page.goto(`${base}#/@nobody/services`);
    await page.getByText('no snapshot under the name nobody').waitFor();
  });

  await t.test('several files, JSON and YAML, gzipped', async (t) => {
    const { items } = JSON.parse(ARTICLE.toString()) as { items: { kind: string }[] };
    const list = (...kinds: readonly string[]) => ({
      kind: 'List',
      apiVersion: 'v1',
      items: items.filter(({ kind }) => kinds.includes(kind) !== kinds.includes('not')),
    });
    const services = Buffer.from(JSON.stringify(list('Service', 'EndpointSlice')));
    const others = Buffer.from(`---\n${JSON.stringify(list('not', 'Service', 'EndpointSlice'))}\n`);
    await page.goto(base);
    await choose(file('services.json.gz', gzipSync(services)), file('others.yaml', others));
    await page.locator('[data-service="default/nginx-svc"]').waitFor();
    t.match(page.url(), digestOf(Buffer.concat([services, others])), 'the digest is that of what is in the files');
    t.match(await page.locator('.rail .file').innerText(), /services\.json\.gz, others\.yaml/);
  });

  await t.test('a large snapshot, with a bar that says how far it is', async (t) => {
    const items = Array.from({ length: 12_000 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: `filler-${index}` },
      data: { text: 'x'.repeat(1000) },
    }));
    const { items: own, ...rest } = JSON.parse(ARTICLE.toString()) as { items: object[] };
    await page.goto(base);
    await page.evaluate(`
      window.seen = [];
      new MutationObserver(() => {
        const bar = document.querySelector('progress');
        if (bar !== null) window.seen.push(bar.value);
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    `);
    await choose(file('large.json', Buffer.from(JSON.stringify({ ...rest, items: [...own, ...items] }))));
    await page.locator('[data-service="default/nginx-svc"]').waitFor();
    const seen = await page.evaluate<number[]>('window.seen');
    t.ok(new Set(seen).size > 3, `${new Set(seen).size} steps`);
    t.ok(
      seen.every((part) => part >= 0 && part <= 1),
      'parts of the whole',
    );
  });

  await t.test('a fault of a snapshot, where it is', async (t) => {
    await page.goto(base);
    const broken = ARTICLE.toString().replace('"clusterIP": "192.168.251.24"', '"clusterIP": "192.168.251.999"');
    t.not(broken, ARTICLE.toString(), 'something was broken');
    await choose(file('cluster.json', Buffer.from(broken)));
    const box = page.locator('.failure');
    await box.waitFor();
    t.match(await box.innerText(), /192\.168\.251\.999/);
    t.match(await box.locator('.pointer').first().innerText(), /^\/items\/\d+\/spec\/clusterIPs?/);
    await choose(file('text.txt', Buffer.from('{"kind": "List", ')));
    await page.locator('.failure', { hasText: 'JSON' }).waitFor();
    await choose(file('broken.json.gz', gzipSync(ARTICLE).subarray(0, 900)));
    await page.locator('.failure', { hasText: 'cannot be read' }).waitFor();
  });

  await t.test('one that the server holds', async (t) => {
    const digest = await hold(base, 'examples/shop.json');
    await page.goto(base);
    await page.getByLabel('Digest').fill('sha256:abc');
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.getByText('64 lower-case hexadecimal digits').waitFor();
    await page.getByLabel('Digest').fill(digest);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await page.locator('[data-service]').first().waitFor();
    await page.goto(base);
    await page.getByRole('button', { name: 'three-zones.json' }).first().waitFor();
    t.ok(await page.getByRole('heading', { name: 'One that the server holds' }).isVisible());
  });

  await t.test('one that it holds no more: the page asks for the file, and goes on', async (t) => {
    const given = Buffer.from(`${ARTICLE.toString()}\n`);
    await page.goto(address(base, digestOf(given), 'shares', { service: 'default/nginx-svc', via: 'NODE_PORT' }));
    await page.getByText('The snapshot of this address is not here').waitFor();
    await choose(file('cluster.json', given));
    t.match(await headline(page, 'node port'), /nginx-svc/);
    t.match(page.url(), /via=NODE_PORT/);
  });

  await t.test('files of an open snapshot are sent again where the server has forgotten it', async (t) => {
    await page.goto(base);
    await choose(file('cluster.json', Buffer.from(`${ARTICLE.toString()}\n\n`)));
    await page.locator('[data-service]').first().waitFor();
    // A snapshot that takes the room of the others, as in a server that many use.
    const other = await open({ snapshotMemory: 64 * 1024 });
    t.teardown(() => other.close());
    const own = await watch(other.browser);
    await own.page.goto(other.base);
    await own.page.locator('input[type=file]').setInputFiles([file('cluster.json', ARTICLE)]);
    await own.page.locator('[data-service="default/nginx-svc"]').waitFor();
    await hold(other.base, Buffer.from(`${ARTICLE.toString()}\n\n\n`));
    await hold(other.base, Buffer.from(`${ARTICLE.toString()}\n\n\n\n`));
    await own.page.getByRole('link', { name: 'default/nginx-svc' }).click();
    await headline(own.page, 'Even: each of 3 pods');
    t.same(own.complaints, []);
  });

  t.same(complaints, [], 'the browser has nothing to complain about');
});

t.test('a server that wants a token', { skip }, async (t) => {
  const token = 'a-token-of-this-test-0123456789';
  const test = await open({ tokens: [token] });
  t.teardown(() => test.close());
  const { page } = await watch(test.browser);
  await page.goto(test.base);
  await page.getByRole('button', { name: 'shop.json' }).click();
  await page.getByText('This server wants a token').waitFor();
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.getByRole('button', { name: 'shop.json' }).click();
  await page.locator('[data-service]').first().waitFor();
  const kept = await page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  t.notMatch(kept, token, 'kept in memory alone');
  await page.reload();
  await page.getByText('This server wants a token').waitFor();
});
