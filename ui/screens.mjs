// Takes a picture of each view: `node ui/screens.mjs FOLDER [NAME…]`, with Debian's chromium. `npm run screens` puts
// them into docs/screens.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [folder = 'docs/screens', ...wanted] = process.argv.slice(2);
const program = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
if (program === undefined) {
  console.error('No pictures: there is no chromium here (apt-get install -y chromium).');
  process.exit(1);
}

const WEB = { service: 'default/nginx-svc' };
const listed = (...changes) => JSON.stringify(changes.map((change) => ({ change })));
const LOCAL = { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } };
const AWAY = { pods: { namespace: 'default', names: ['nginx-deployment-6b7f675859-px5d8'], state: 'NOT_READY' } };
const SCALE = { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 } };
const lost = { ...WEB, via: 'NODE_PORT', changes: listed(LOCAL, AWAY) };

/** Each view: the snapshot, its address, what shows that it is there. */
const VIEWS = {
  open: ['article-nodeport', undefined, {}, '.drop'],
  services: ['shop', 'services', {}, '[data-service] .lost .share'],
  findings: ['shop', 'findings', {}, '.finding'],
  shares: ['article-nodeport', 'shares', lost, '.chain.endpoint'],
  rules: ['article-nodeport', 'rules', WEB, '.chain.endpoint'],
  path: ['article-nodeport', 'path', { ...WEB, source: 'pod default/client' }, '.hop'],
  'path-lost': ['article-nodeport', 'path', { ...lost, source: 'outside at node-2' }, '.stop'],
  'what-if': ['article-nodeport', 'what-if', { ...WEB, changes: listed(SCALE) }, '[data-difference]'],
  sweep: [
    'three-zones',
    'sweep',
    { workload: 'Deployment default/web', least: '3', most: '40', bound: '1/18' },
    '.curve',
  ],
  cluster: ['article-nodeport', 'cluster', {}, '.assumptions tbody tr'],
};

/** A phone in the dark, a laptop and a large screen in both. */
const SIZES = [
  [390, 844, 'dark'],
  [1280, 800, 'light'],
  [1280, 800, 'dark'],
  [1920, 1080, 'light'],
];

/** Starts `kube-whatif open` for an example. */
async function serve(name) {
  const args = ['dist/src/main.js', 'open', '--no-browser', '-s', `examples/${name}.json`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const found = /http:\S+/.exec(text);
      if (found !== null) resolve(found[0]);
    });
    child.on('exit', (code) => reject(new Error(`kube-whatif open ended with ${code}`)));
  });
  return { child, base: address.replace(/services\?.*$/, '') };
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });
const servers = new Map();
for (const [width, height, colorScheme] of SIZES) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
  for (const [name, [snapshot, view, parameters, there]] of Object.entries(VIEWS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (!servers.has(snapshot)) servers.set(snapshot, await serve(snapshot));
    const { base } = servers.get(snapshot);
    const query = Object.entries({ ...parameters, name: `${snapshot}.json` }).map(
      ([key, value]) => `${key}=${encodeURIComponent(value)}`,
    );
    await page.goto('about:blank');
    await page.goto(view === undefined ? base.replace(/#.*/, '#/') : `${base}${view}?${query.join('&')}`);
    await page.locator(there).first().waitFor();
    // What is asked after that, as the clients' nodes of a what-if.
    await page.waitForLoadState('networkidle');
    await page.evaluate(() => document.fonts.ready);
    await page.locator('.waiting').first().waitFor({ state: 'detached' });
    await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
  }
  await page.close();
}
await browser.close();
for (const { child } of servers.values()) child.kill();
// A palette of 256 colours is enough for pages: a third of the bytes, where pngquant is there.
const taken = readdirSync(folder).filter((file) => file.endsWith('.png'));
spawnSync('pngquant', ['--force', '--skip-if-larger', '--ext', '.png', ...taken.map((file) => join(folder, file))]);
