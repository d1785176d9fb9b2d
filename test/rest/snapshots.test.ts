/** Snapshots sent once and named by their digest: by real threads, over the wire. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { FAKE_WORKER, post, QUICK, type Running, send, start } from './support.js';

const article = readFileSync('examples/article.json');
const digestOf = (...files: readonly (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file);
  return `sha256:${hash.digest('hex')}`;
};
const digest = digestOf(article);
const UNKNOWN = `sha256:${'0'.repeat(64)}`;

const put = (running: Running, of: string, body: Buffer | string, headers: Readonly<Record<string, string>> = {}) =>
  send(running, 'PUT', `/v1/snapshots/${of}`, { 'content-type': 'application/json', ...headers }, body);

const head = (running: Running, of: string) => send(running, 'HEAD', `/v1/snapshots/${of}`);

const question = {
  path: {
    source: { node: 'node-1' },
    destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } },
  },
};

/** The fields of `HeldSnapshot`. */
interface Held {
  readonly digest: string;
  readonly bytes: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly shared: boolean;
}

t.test('a snapshot is sent once and asked about by its digest', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: { ...QUICK, threads: 2 } });
  tt.teardown(() => running.app.close());
  const by = (name: string) => ({ snapshot: { digest: name } });

  const before = await post(running, '/v1/path', { ...by(digest), ...question });
  tt.same([before.status, before.json().code], [404, 'UNKNOWN_DIGEST']);
  tt.match(before.json().detail, /PUT \/v1\/snapshots\//, 'it says what to do');
  tt.equal((await head(running, digest)).status, 404);

  const first = await put(running, digest, article);
  tt.equal(first.status, 201, first.text);
  const reported = first.json() as unknown as Held;
  tt.match(reported, { digest, bytes: article.length, shared: false });
  tt.ok(Number(reported.counts.Node) > 0);
  for (const [encoding, body] of [
    ['identity', article],
    ['gzip', gzipSync(article)],
    ['br', brotliCompressSync(article)],
  ] as const) {
    const again = await put(running, digest, body, { 'content-encoding': encoding });
    tt.equal(again.status, 200, `${encoding}: it was held already`);
    tt.same(again.json(), reported);
  }
  tt.equal((await head(running, digest)).status, 200);
  tt.equal((await head(running, digest.replace(':', '%3A'))).status, 200);

  const held = await post(running, '/v1/path', { ...by(digest), ...question });
  tt.equal(held.status, 200, held.text.slice(0, 500));
  tt.equal(held.json().snapshot.digest, digest);
  const inline = await post(running, '/v1/path', { snapshot: { inline: JSON.parse(article.toString()) }, ...question });
  tt.same(held.json().result, inline.json().result, 'the answer is that of the snapshot itself');
  tt.ok((await post(running, '/v1/path', { ...by(digest), ...question })).bytes.equals(held.bytes));

  const fewer = article.toString().replace(/"replicas":\s*\d+/, '"replicas": 1');
  const second = digestOf(fewer);
  const shares = { probability: { services: [{ namespace: 'default', name: 'nginx-svc' }] } };
  const both = { ...by(digest), after: by(second), ...shares };
  const lacking = await post(running, '/v1/what-if', both);
  tt.same([lacking.status, lacking.json().code], [404, 'UNKNOWN_DIGEST']);
  tt.ok(lacking.json().detail.includes(second) && !lacking.json().detail.includes(digest), 'the one that is not held');
  await put(running, second, fewer);
  const whatIf = await post(running, '/v1/what-if', both);
  tt.equal(whatIf.status, 200, whatIf.text.slice(0, 500));
  tt.equal((whatIf.json().result.afterSnapshot as { digest: string }).digest, second);
  const batch = await post(running, '/v1/batch', {
    ...by(digest),
    batch: { questions: [question, { whatIf: { after: by(second), ...shares } }] },
  });
  tt.same(
    (batch.json().result.answers as { answer?: { result: unknown } }[]).map(({ answer }) => answer?.result),
    [held.json().result, whatIf.json().result],
    'in a batch too',
  );

  // The name of the field may be written as JSON allows: the worker that parses it sees what was overlooked.
  const escaped = JSON.stringify({ ...by(digest), ...question }).replace('"digest"', '"d\\u0069gest"');
  const oblique = await send(running, 'POST', '/v1/path', { 'content-type': 'application/json' }, escaped);
  tt.ok(oblique.bytes.equals(held.bytes));
  const large = { ...by(digest), ...question, at: undefined, changes: [] as unknown[] };
  const padded = JSON.stringify(large).replace('[]', `[${' '.repeat(2 * 1024 * 1024)}]`);
  const long = await send(running, 'POST', '/v1/path', { 'content-type': 'application/json' }, padded);
  tt.equal(long.status, 200, long.text.slice(0, 500));
  tt.same(long.json().result, held.json().result, 'also in a large request');
  const inForm = await form(
    running,
    'POST',
    '/v1/what-if',
    [article],
    JSON.stringify({ after: by(second), ...shares }),
  );
  tt.same(inForm.json().result, whatIf.json().result, 'and in a form');

  await tt.test('a request that does not follow the contract is refused as such first', async (ttt) => {
    const wrong = await post(running, '/v1/path', { ...by(UNKNOWN), path: { source: {} } });
    ttt.equal(wrong.json().code, 'INVALID_REQUEST');
    for (const bad of [
      '',
      'sha256:',
      digest.toUpperCase(),
      digest.slice(0, -1),
      digest.slice(7),
      `md5:${'0'.repeat(32)}`,
      7,
    ]) {
      const reply = await post(running, '/v1/path', { snapshot: { digest: bad }, ...question });
      ttt.same([reply.status, reply.json().errors[0]?.pointer], [400, '/snapshot/digest'], String(bad));
    }
    const two = await post(running, '/v1/path', { snapshot: { digest, inline: {} }, ...question });
    ttt.same([two.status, two.json().code], [400, 'INVALID_REQUEST']);
  });

  await tt.test('several files are one snapshot', async (ttt) => {
    const { items } = JSON.parse(article.toString()) as { items: readonly unknown[] };
    const files = [items.slice(0, 5), items.slice(5)].map((part) => JSON.stringify({ kind: 'List', items: part }));
    const whole = digestOf(...files);
    const reply = await form(running, 'PUT', `/v1/snapshots/${whole}`, files);
    ttt.equal(reply.status, 201, reply.text);
    const answer = await post(running, '/v1/path', { ...by(whole), ...question });
    ttt.same(answer.json().result, held.json().result);
    ttt.equal(answer.json().snapshot.digest, whole);
    const broken = await form(running, 'PUT', `/v1/snapshots/${whole}`, files, '{}');
    ttt.same([broken.status, broken.json().code], [400, 'INVALID_REQUEST'], 'a form with a request');
  });
});

/** A part of a form: its name, its text, and the name of its file. */
type PartOf = readonly [name: string, text: string | Buffer, file?: string];

function formOf(running: Running, path: string, parts: readonly PartOf[]) {
  const pieces = parts.flatMap(([name, text, file]) => [
    Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"${file ? `; filename="${file}"` : ''}\r\n\r\n`),
    Buffer.from(text),
    Buffer.from('\r\n'),
  ]);
  const body = Buffer.concat([...pieces, Buffer.from('--b--\r\n')]);
  return send(running, 'POST', path, { 'content-type': 'multipart/form-data; boundary=b' }, body);
}

t.test('manifests in a form beside a snapshot that is held', async (tt) => {
  const running = await start({ small: QUICK, large: QUICK, held: QUICK });
  tt.teardown(() => running.app.close());
  tt.equal((await put(running, digest, article)).status, 201);
  const manifest =
    'apiVersion: v1\nkind: Service\nmetadata: { name: extra, namespace: default }\nspec: { ports: [{ port: 81 }] }\n';
  const named = { snapshot: { digest } };
  const json = JSON.stringify;
  const applied = { apply: { manifests: [{ file: 'extra.yaml', text: manifest }] } };
  const shares = { probability: { services: [{ namespace: 'default', name: 'nginx-svc' }] } };
  const questions: Readonly<Record<string, object>> = {
    check: { check: {} },
    apply: { apply: {} },
    chains: { chains: { nodes: ['node-1'] } },
    path: question,
    'what-if': shares,
    batch: { batch: { questions: [question] } },
  };
  for (const [kind, asked] of Object.entries(questions)) {
    const inside = await post(running, `/v1/${kind}`, { ...named, ...asked, changes: [applied] });
    tt.equal(inside.status, 200, `${kind}: ${inside.text.slice(0, 300)}`);
    // Gzipped files need to be tried once.
    for (const file of kind === 'check' ? [manifest, gzipSync(manifest)] : [manifest]) {
      const apart = await formOf(running, `/v1/${kind}`, [
        ['manifests', file, 'extra.yaml'],
        ['request', json({ ...named, ...asked })],
      ]);
      tt.equal(apart.status, 200, `${kind}: ${apart.text.slice(0, 300)}`);
      tt.same(apart.json().result, inside.json().result, kind);
      tt.equal(apart.json().snapshot.digest, digest);
    }
  }
  const inline = await formOf(running, '/v1/check', [
    ['request', json({ snapshot: { inline: JSON.parse(article.toString()) }, check: {} })],
    ['manifests', manifest, 'extra.yaml'],
  ]);
  tt.equal(inline.status, 200, 'the snapshot may be in the request itself');
  const second = article.toString().replace(/"replicas":\s*\d+/, '"replicas": 1');
  const after = await formOf(running, '/v1/what-if', [
    ['request', json({ ...named, ...shares })],
    ['after', second, 'after.json'],
  ]);
  tt.equal(after.status, 200, after.text.slice(0, 300));
  tt.equal(
    (after.json().result.afterSnapshot as { digest: string }).digest,
    digestOf(second),
    'a file of the second one',
  );

  await tt.test('combinations that cannot be answered', async (ttt) => {
    const cases: readonly (readonly [string, readonly PartOf[], number, string, string, RegExp])[] = [
      [
        'both',
        [
          ['snapshot', article, 'a'],
          ['request', json({ ...named, check: {} })],
        ],
        400,
        'INVALID_REQUEST',
        '/snapshot',
        /twice/,
      ],
      [
        'neither',
        [
          ['manifests', manifest],
          ['request', '{"check":{}}'],
        ],
        400,
        'INVALID_REQUEST',
        '',
        /no snapshot: .*digest/,
      ],
      ['manifests alone', [['manifests', manifest]], 400, 'INVALID_REQUEST', '', /no snapshot/],
      ['nothing of use', [['request', '{}']], 400, 'INVALID_REQUEST', '', /no snapshot/],
      [
        'a digest that is not one',
        [
          ['manifests', manifest],
          ['request', '{"snapshot":{"digest":"x"}}'],
        ],
        400,
        'INVALID_REQUEST',
        '/snapshot/digest',
        /./,
      ],
      [
        'a digest and parts',
        [
          ['manifests', manifest],
          ['request', json({ snapshot: { digest, parts: [] } })],
        ],
        400,
        'INVALID_REQUEST',
        '/snapshot',
        /./,
      ],
      [
        'null',
        [
          ['manifests', manifest],
          ['request', '{"snapshot":null}'],
        ],
        400,
        'INVALID_REQUEST',
        '/snapshot',
        /./,
      ],
      [
        'two requests',
        [
          ['request', json(named)],
          ['request', '{}'],
        ],
        400,
        'INVALID_REQUEST',
        '',
        /more than one/,
      ],
      [
        'a request that is a list',
        [
          ['manifests', manifest],
          ['request', '[]'],
        ],
        400,
        'INVALID_REQUEST',
        '',
        /./,
      ],
      [
        'a request that is no JSON',
        [
          ['manifests', manifest],
          ['request', '{'],
        ],
        400,
        'MALFORMED',
        '',
        /JSON/,
      ],
      [
        'an unknown part',
        [
          ['manifest', manifest],
          ['request', json(named)],
        ],
        400,
        'INVALID_REQUEST',
        '',
        /its parts are/,
      ],
      [
        'two second snapshots',
        [
          ['after', second, 'b'],
          ['request', json({ ...named, after: named, check: {} })],
        ],
        400,
        'INVALID_REQUEST',
        '/after',
        /./,
      ],
      [
        'manifests that are no text',
        [
          ['manifests', Buffer.from([0xff, 0xfe, 0xff])],
          ['request', json(named)],
        ],
        400,
        'MALFORMED',
        '',
        /UTF-8/,
      ],
      [
        'manifests with a fault',
        [
          ['manifests', 'kind: Service\nmetadata: { name: x }\nspec: { ports: [{ port: 0 }] }', 'x.yaml'],
          ['request', json(named)],
        ],
        422,
        'IMPOSSIBLE_CHANGE',
        '/changes/0/apply/manifests/0/text',
        /port/,
      ],
    ];
    for (const [name, parts, status, code, pointer, detail] of cases) {
      const reply = await formOf(running, '/v1/check', parts);
      ttt.same(
        [reply.status, reply.json().code, reply.json().errors?.[0]?.pointer ?? ''],
        [status, code, pointer],
        name,
      );
      ttt.match(`${reply.json().detail} ${reply.json().errors?.[0]?.detail}`, detail, name);
    }
    const unknown = await formOf(running, '/v1/check', [
      ['manifests', manifest],
      ['request', json({ snapshot: { digest: UNKNOWN }, check: {} })],
    ]);
    ttt.same([unknown.status, unknown.json().code], [404, 'UNKNOWN_DIGEST']);
    const empty = await send(
      running,
      'PUT',
      `/v1/snapshots/${digest}`,
      { 'content-type': 'multipart/form-data; boundary=b' },
      '--b--\r\n',
    );
    ttt.same([empty.status, empty.json().code], [400, 'INVALID_REQUEST']);
    ttt.match(empty.json().detail, /no part "snapshot"/);
  });
});

t.test('what is refused, and why', async (tt) => {
  const limit = article.length + 1000;
  const running = await start({ small: QUICK, large: QUICK, held: QUICK, snapshotMemory: limit });
  tt.teardown(() => running.app.close());
  const text = (items: string) => `{"kind":"List","items":[${items}]}`;
  const node = '{"kind":"Node","metadata":{"name":"a"}}';
  const port = text('{"kind":"Service","metadata":{"name":"a","namespace":"b"},"spec":{"ports":[{"port":"http"}]}}');
  const large = text(`${node}${' '.repeat(limit)}`);
  const cases: readonly (readonly [string, string, Buffer | string, Record<string, string>, number, string, RegExp])[] =
    [
      ['another digest', UNKNOWN, article, {}, 400, 'DIGEST_MISMATCH', new RegExp(digest)],
      ['no digest', 'latest', article, {}, 400, 'INVALID_REQUEST', /64 lower-case/],
      ['upper case', digest.toUpperCase(), article, {}, 400, 'INVALID_REQUEST', /lower-case/],
      ['empty', digestOf(''), '', {}, 400, 'MALFORMED', /empty/],
      ['no JSON', digestOf('{"kind'), '{"kind', {}, 400, 'MALFORMED', /JSON/],
      ['nothing used', digestOf(text('')), text(''), {}, 422, 'INVALID_SNAPSHOT', /holds no Node/],
      ['a wrong object', digestOf(port), port, {}, 422, 'INVALID_SNAPSHOT', /port/],
      ['too large', digestOf(large), large, {}, 413, 'TOO_LARGE', /at most \d+ bytes are held/],
      [
        'too large, once inflated',
        digestOf(large),
        gzipSync(large),
        { 'content-encoding': 'gzip' },
        413,
        'TOO_LARGE',
        /at most/,
      ],
      ['an encoding', digest, article, { 'content-encoding': 'zstd' }, 415, 'UNSUPPORTED_MEDIA_TYPE', /gzip, deflate/],
      ['a media type', digest, article, { 'content-type': 'image/png' }, 415, 'UNSUPPORTED_MEDIA_TYPE', /octet-stream/],
      ['no gzip', digest, article, { 'content-encoding': 'gzip' }, 400, 'MALFORMED', /not valid gzip/],
    ];
  for (const [name, of, body, headers, status, code, detail] of cases) {
    const reply = await put(running, of, body, headers);
    tt.same([reply.status, reply.json().code], [status, code], name);
    tt.match(reply.json().detail, detail, name);
  }
  tt.equal((await head(running, UNKNOWN)).status, 404, 'nothing of it is held');
  tt.equal((await head(running, 'latest')).status, 400);
  for (const method of ['GET', 'POST', 'DELETE']) {
    const reply = await send(running, method, `/v1/snapshots/${digest}`);
    tt.same([reply.status, reply.headers.allow], [405, 'HEAD, PUT'], method);
  }
  tt.equal((await put(running, digest, article)).status, 201);
  const other = text(node);
  tt.equal((await put(running, digestOf(other), other.padEnd(990))).status, 400);
  const filling = text(node).padEnd(2000);
  tt.equal((await put(running, digestOf(filling), filling)).status, 201);
  tt.equal((await head(running, digest)).status, 404, 'the one used longest ago made room');
  tt.equal((await head(running, digestOf(filling))).status, 200);
});

t.test('a service that holds none says so', async (tt) => {
  const running = await start({ workerFile: FAKE_WORKER, small: QUICK, held: QUICK, snapshotMemory: 0 });
  tt.teardown(() => running.app.close());
  const reply = await put(running, digest, article);
  tt.same([reply.status, reply.json().code], [422, 'UNSUPPORTED']);
  tt.match(reply.json().detail, /SNAPSHOT_MEMORY/);
  const asked = await post(running, '/v1/path', { snapshot: { digest }, ...question });
  tt.same([asked.status, asked.json().code], [404, 'UNKNOWN_DIGEST']);
});

function form(running: Running, method: string, path: string, files: readonly (string | Buffer)[], request?: string) {
  const parts = files.map(
    (text, index) => `Content-Disposition: form-data; name="snapshot"; filename="${index}.json"\r\n\r\n${text}`,
  );
  if (request !== undefined) parts.push(`Content-Disposition: form-data; name="request"\r\n\r\n${request}`);
  const body = `${parts.map((text) => `--b\r\n${text}\r\n`).join('')}--b--\r\n`;
  return send(running, method, path, { 'content-type': 'multipart/form-data; boundary=b' }, body);
}
