// Writes what in examples/, README.md and docs/ is made by the program itself, or checks that it is current:
//   npm run build && node examples/make.mjs [--check]
// - article-nodeport.json: article.json with default/nginx-svc as a NodePort Service at 30010.
// - article-gke.json: that with GKE's nodes and type LoadBalancer.
// - answers/: what each request of requests/ gives for article.json. A request's question is the first word of its
//   file's name: probability-scaled.json asks `probability`; what-if-….json asks `what-if`.
// - README.md and docs/*.md: each text block that follows a sh block is what those commands print.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../dist/src/cli.js';
import { PageRunner } from './readme.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const main = join(root, 'dist', 'src', 'main.js');
const check = process.argv.includes('--check');
const EXTENSIONS = { json: 'json', text: 'txt', markdown: 'md' };
/** Forms that check alone has. */
const OF_CHECK = { junit: 'junit.xml', sarif: 'sarif' };
let stale = 0;

/** Writes a file, or with --check says that it is not current. */
function give(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  stale += 1;
  console.log(`${relative(root, path)} ${check ? 'is not current' : 'written'}`);
  if (!check) writeFileSync(path, text);
}

const article = JSON.parse(readFileSync(join(here, 'article.json'), 'utf8'));
for (const { kind, metadata, spec } of article.items) {
  if (kind !== 'Service' || metadata.name !== 'nginx-svc') continue;
  spec.type = 'NodePort';
  spec.externalTrafficPolicy = 'Cluster';
  spec.ports[0].nodePort = 30010;
}
give(join(here, 'article-nodeport.json'), `${JSON.stringify(article, undefined, 4)}\n`);

// The same cluster on GKE, with the Service published by a load balancer.
for (const [index, { kind, metadata, spec, status }] of article.items.entries()) {
  if (kind === 'Node') {
    const zone = `europe-west1-${'bcd'[index % 3]}`;
    metadata.labels = {
      ...metadata.labels,
      'cloud.google.com/gke-nodepool': 'pool-1',
      'topology.kubernetes.io/zone': zone,
    };
    spec.providerID = `gce://example/${zone}/${metadata.name}`;
  }
  if (kind !== 'Service' || metadata.name !== 'nginx-svc') continue;
  spec.type = 'LoadBalancer';
  status.loadBalancer = { ingress: [{ ip: '203.0.113.10', ipMode: 'VIP' }] };
}
give(join(here, 'article-gke.json'), `${JSON.stringify(article, undefined, 4)}\n`);

/** Runs a command line in this process: many are run, and starting Node.js for each takes longer than their answers. */
async function run(args) {
  const text = { stdout: '', stderr: '' };
  const sink = (name) =>
    Object.assign(
      new Writable({
        write(bytes, _, done) {
          text[name] += bytes.toString();
          done();
        },
      }),
      { isTTY: false },
    );
  const stdin = Object.assign(Readable.from([]), { isTTY: true });
  const status = await runCli(args, { stdin, stdout: sink('stdout'), stderr: sink('stderr'), env: {} });
  return { status, ...text };
}

mkdirSync(join(here, 'answers'), { recursive: true });
for (const file of readdirSync(join(here, 'requests')).sort()) {
  const name = file.replace(/\.json$/, '');
  const kind = name.startsWith('what-if') ? 'what-if' : name.split('-')[0];
  const forms = kind === 'check' ? { ...EXTENSIONS, ...OF_CHECK } : EXTENSIONS;
  for (const [form, extension] of Object.entries(forms)) {
    const args = [kind, '-s', join(here, 'article.json')];
    const request = ['--request', join(here, 'requests', file), '--output', form];
    const { status, stdout, stderr } = await run([...args, ...request]);
    // A check that fails has been answered.
    if (status !== 0 && !(kind === 'check' && status === 1)) throw new Error(`${file}: ${stderr}`);
    give(join(here, 'answers', `${name}.${extension}`), stdout);
  }
}

const docs = join(root, 'docs');
const files = existsSync(docs) ? readdirSync(docs).filter((file) => file.endsWith('.md')) : [];
const pages = [join(root, 'README.md'), ...files.sort().map((file) => join(docs, file))];
const runner = new PageRunner(root, main);
try {
  const texts = await Promise.all(pages.map((page) => runner.run(readFileSync(page, 'utf8'), relative(root, page))));
  for (const [index, page] of pages.entries()) give(page, texts[index]);
} finally {
  await runner.close();
}

if (check && stale > 0) {
  console.log('Run npm run build && node examples/make.mjs, and look at what changed.');
  process.exitCode = 1;
}
