/** A redacted snapshot gives the same answers, up to the names. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { redact } from '../../src/cluster/redact.js';
import type { ProbabilityResult } from '../../src/contract/answers.js';
import { ask } from '../../src/questions/ask.js';

const FILES = ['article', 'article-nodeport', 'article-gke', 'three-zones'];

/** What an answer says without any name: shares in their order, and verdicts. */
function shapeOf({ services }: ProbabilityResult) {
  return services.map(({ via, endpoints, nodes, zones, verdicts }) => ({
    via,
    endpoints: endpoints.map(({ address, port, share }) => [address, port, share.fraction]),
    nodes: nodes.map(({ share }) => share.fraction),
    zones: zones.map(({ share }) => share.fraction),
    verdicts: verdicts.map(({ verdict, cause, share }) => [verdict, cause, share.fraction]),
  }));
}

t.test('answers of a redacted snapshot are the same up to the names', async (t) => {
  for (const name of FILES) {
    const value: unknown = JSON.parse(readFileSync(`examples/${name}.json`, 'utf8'));
    const bytes = Buffer.from(JSON.stringify(redact([value])));
    const before = ask('probability', {}, readSnapshot({ bytes: Buffer.from(JSON.stringify(value)) }));
    const after = ask('probability', {}, readSnapshot({ bytes }));
    t.same(shapeOf(after.result), shapeOf(before.result), name);
    t.same(after.settings, before.settings, `${name}: settings`);
  }
});

t.test('names, images, environments and Secrets are gone, and what is alike stays alike', async (t) => {
  const text = readFileSync('examples/article.json', 'utf8');
  const secret = { kind: 'Secret', metadata: { name: 's', namespace: 'default' }, data: { a: 'hidden' } };
  const redacted = JSON.stringify(redact([JSON.parse(text), secret]));
  for (const word of ['nginx-deployment', 'nginx-svc', '"client"', 'node-1', 'hidden', '"image"', 'managedFields']) {
    t.notOk(redacted.includes(word), word);
  }
  const { items } = JSON.parse(redacted) as { readonly items: readonly Record<string, unknown>[] };
  const names = (kind: string) =>
    items.filter((item) => item.kind === kind).map(({ metadata }) => (metadata as { readonly name: string }).name);
  const pods = items.filter(({ kind }) => kind === 'Pod') as unknown as readonly {
    readonly spec: { readonly nodeName?: string };
  }[];
  for (const { spec } of pods)
    if (spec.nodeName !== undefined) t.ok(names('Node').includes(spec.nodeName), spec.nodeName);
  t.equal(JSON.stringify(redact([JSON.parse(text)])), JSON.stringify(redact([JSON.parse(text)])), 'the same each time');
});
