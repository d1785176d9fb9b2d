/** axe finds nothing on any view, light and dark, on a phone and on a desk; and everything is done by keyboard. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { address, headline, hold, open, skip, watch } from './support.js';

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

const AXE = skip === false ? readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8') : '';
const SERVICE = { service: 'default/nginx-svc' };
const CHANGES = JSON.stringify([
  { change: { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 5 } } },
  { change: { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } }, off: true },
]);
const LOST = JSON.stringify([
  { change: { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } } },
  { change: { pods: { namespace: 'default', names: ['nginx-deployment-6b7f675859-px5d8'], state: 'NOT_READY' } } },
]);

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Each view with what shows that its answer is there. */
const VIEWS: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ['services', {}, '[data-service] .lost .share'],
  ['findings', {}, '[data-headline]'],
  ['shares', SERVICE, '.mark.pod'],
  ['shares', { ...SERVICE, via: 'NODE_PORT', changes: LOST }, '.mark.lost'],
  ['rules', SERVICE, '.chain.endpoint'],
  ['path', { ...SERVICE, source: 'pod default/client' }, '.hop'],
  ['path', { ...SERVICE, via: 'NODE_PORT', source: 'outside at node-2', changes: LOST }, '.stop'],
  ['what-if', { ...SERVICE, changes: CHANGES }, '[data-difference]'],
  ['sweep', { ...SERVICE, bound: '1/9' }, '.curve'],
  ['cluster', {}, '.assumptions tbody tr'],
];

t.test('axe finds nothing', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const digest = await hold(test.base, 'examples/article-nodeport.json');
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    const { page } = await watch(test.browser, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
    for (const [view, parameters, there] of [['open', {}, '.drop'] as const, ...VIEWS]) {
      await page.goto('about:blank');
      await page.goto(view === 'open' ? test.base : address(test.base, digest, view, parameters));
      await page.locator(there).first().waitFor();
      if (view === 'shares') await page.getByRole('button', { name: 'As a request' }).click();
      await page.evaluate(AXE);
      const found = await page.evaluate<readonly Violation[]>('axe.run(document).then(({ violations }) => violations)');
      const reported = found.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
      );
      t.same(reported, [], `${view}, ${colorScheme}, ${width} px`);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      t.ok(wide <= width, `${view}, ${colorScheme}: ${wide} px are not wider than ${width} px`);
    }
    await page.close();
  }
});

t.test('everything by keyboard', { skip }, async (t) => {
  const test = await open();
  t.teardown(() => test.close());
  const digest = await hold(test.base, 'examples/article-nodeport.json');
  const { page, complaints } = await watch(test.browser);
  await page.goto(address(test.base, digest, 'services'));
  await page.locator('[data-service] .lost .share').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('nginx-svc');
  await page.getByRole('option', { name: 'service default/nginx-svc' }).waitFor();
  await page.keyboard.press('Enter');
  await headline(page, 'Even');
  await page.locator('.mark.pod').first().focus();
  t.ok((await page.locator('.link.dim').count()) > 0, 'focus lights what flows through');
  await page.getByRole('combobox', { name: 'Clients' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  t.ok(await page.getByRole('option', { name: 'the hosts of every node' }).getAttribute('aria-selected'));
  await page.keyboard.press('Escape');
  await page.locator('.choices [role=option]').first().waitFor({ state: 'detached' });
  t.equal(await page.locator('.choices [role=option]').count(), 0, 'Escape closes');
  t.same(complaints, []);
});
