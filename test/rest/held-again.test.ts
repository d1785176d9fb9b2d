/**
 * A thread that lets go of one snapshot for another is given it again, also where a question was under way meanwhile.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { post, QUICK, send, start } from './support.js';

const list = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { readonly items: readonly object[] };

/** The snapshot of the article with so much beside it that the thread keeps one of two. */
function large(name: string): Buffer {
  const filler = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, data: 'x'.repeat(4e6) };
  return Buffer.from(JSON.stringify({ ...list, items: [...list.items, filler] }));
}

t.test('two snapshots of which a thread keeps one, asked about by turns', async (tt) => {
  const held = { threads: 1, queueLimit: 64, memory: 64 };
  const running = await start({ small: QUICK, large: QUICK, held });
  tt.teardown(() => running.app.close());
  const digests: string[] = [];
  for (const name of ['a', 'b']) {
    const body = large(name);
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const put = await send(running, 'PUT', `/v1/snapshots/${digest}`, { 'content-type': 'application/json' }, body);
    tt.equal(put.status, 201);
    digests.push(digest);
  }
  const ask = async (digest: string | undefined) => {
    const reply = await post(running, '/v1/probability', { snapshot: { digest }, probability: {} });
    return reply.status === 200 && reply.json().snapshot.digest === digest;
  };
  // All at once: the snapshot of a question is there when it is put into the queue, and gone when its turn comes.
  const answered = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(digests[index % 3 === 0 ? 0 : 1])));
  tt.ok(answered.every(Boolean), JSON.stringify(answered));
});
