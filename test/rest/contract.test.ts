/**
 * The contract in openapi/ and the service hold each other to their word: every example is asked, every answer checked.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import t from 'tap';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { QUESTION_KINDS } from '../../src/questions/registry.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { kindOfExample } from '../../src/rest/document.js';
import { PROBLEM_CODES } from '../../src/work/problem.js';
import { post, type Reply, send, start } from './support.js';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly examples?: Readonly<Record<string, { readonly value: Request }>> }>
    >;
  };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Answered {
  readonly content: {
    readonly 'application/json': { examples?: Readonly<Record<string, { readonly value: object }>> };
  };
}

interface Answerable {
  readonly requestBody: Answered;
  readonly responses: Readonly<Record<string, Answered>>;
}

interface Request {
  readonly snapshot: { readonly inline: { readonly items: readonly unknown[] } };
}

interface Rows {
  readonly rows: readonly unknown[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const document = DOCUMENT as unknown as Document;
const KINDS = QUESTION_KINDS;
const ANSWERS: Readonly<Record<QuestionKind, string>> = {
  chains: 'ChainsAnswer',
  path: 'PathAnswer',
  probability: 'ProbabilityAnswer',
  'what-if': 'WhatIfAnswer',
  sweep: 'SweepAnswer',
  batch: 'BatchAnswer',
  check: 'CheckAnswer',
  apply: 'ApplyAnswer',
  inspect: 'InspectAnswer',
  reach: 'ReachAnswer',
  solve: 'SolveAnswer',
  timeline: 'TimelineAnswer',
};

/** Answers may gain fields, for clients; for this test every field must be in the contract. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)]));
  const isSchema = typeof copy.properties === 'object' && typeof copy.type === 'string';
  return isSchema && copy.additionalProperties === undefined ? { ...copy, additionalProperties: false } : copy;
}

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
ajv.addSchema(closed(DOCUMENT) as object, 'closed');
const validRows = ajv.compile({ $ref: 'closed#/components/schemas/FlatRows' });
const answerValidator = (kind: QuestionKind) => ajv.compile({ $ref: `closed#/components/schemas/${ANSWERS[kind]}` });

function examples(kind: QuestionKind): readonly (readonly [string, Request])[] {
  const content = document.paths[`/v1/${kind}`]?.post?.requestBody?.content['application/json'];
  return Object.entries(content?.examples ?? {}).map(([name, { value }]) => [name, value] as const);
}

t.test('every operation is served, and nothing else is in the contract', async (tt) => {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
  );
  tt.same(operations, [
    'post /v1/chains chains',
    'get /v1/chains getChains',
    'post /v1/path path',
    'get /v1/path getPath',
    'post /v1/probability probability',
    'get /v1/probability getProbability',
    'post /v1/what-if whatIf',
    'get /v1/what-if getWhatIf',
    'post /v1/sweep sweep',
    'get /v1/sweep getSweep',
    'post /v1/check check',
    'get /v1/check getCheck',
    'post /v1/apply apply',
    'post /v1/inspect inspect',
    'get /v1/inspect getInspect',
    'post /v1/reach reach',
    'post /v1/solve solve',
    'post /v1/timeline timeline',
    'post /v1/batch batch',
    'put /v1/snapshots/{digest} uploadSnapshot',
    'head /v1/snapshots/{digest} hasSnapshot',
    'get /v1/snapshots listSnapshots',
    'put /v1/snapshots/names/{name} uploadNamedSnapshot',
    'get /v1/snapshots/names/{name} getSnapshotName',
    'delete /v1/snapshots/names/{name} deleteSnapshotName',
    'get /v1/snapshots/names/{name}/history snapshotHistory',
    'get /healthz healthz',
    'get /readyz readyz',
    'get /metrics metrics',
    'get /metrics/clusters clusterMetrics',
    'get /openapi.json openapi',
  ]);
});

t.test("the version is the package's", async (tt) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  tt.equal((DOCUMENT as { info: { version: string } }).info.version, version);
});

t.test('every status of a problem is one that the operations document', async (tt) => {
  const questions = KINDS.flatMap((kind) => Object.keys(document.paths[`/v1/${kind}`]?.post?.responses ?? {}));
  const elsewhere = ['UNKNOWN_ROUTE', 'METHOD_NOT_ALLOWED', 'SNAPSHOT_SHRUNK', 'NAME_CHANGED', 'STORE_FULL'];
  for (const [code, { status }] of Object.entries(PROBLEM_CODES)) {
    if (!elsewhere.includes(code)) tt.ok(questions.includes(String(status)), `${code} ${status}`);
  }
});

t.test('the examples follow the contract, in a body and as a form', async (tt) => {
  for (const kind of KINDS) {
    tt.ok(examples(kind).length > 0, kind);
    for (const [name, value] of examples(kind)) {
      tt.equal(validateRequest(kind, value), value, `${kind} ${name}`);
      const { snapshot: _, ...rest } = value;
      tt.equal(validateRequest(kind, rest, 'apart'), rest);
      tt.throws(() => validateRequest(kind, rest), { code: 'INVALID_REQUEST' });
      tt.throws(() => validateRequest(kind, value, 'apart'), {
        code: 'INVALID_REQUEST',
        problems: [{ pointer: '/snapshot' }],
      });
    }
  }
});

t.test('the size of a request is that of the question, not of the snapshot', async (tt) => {
  const flood = new Array<number>(500_001).fill(1);
  const inline = { kind: 'List', items: flood };
  tt.same(validateRequest('chains', { snapshot: { inline } }), { snapshot: { inline } });
  for (const value of [{ snapshot: { inline: {} }, chains: { nodes: flood } }, { snapshot: { parts: flood } }, flood]) {
    tt.throws(() => validateRequest('chains', value), /more than 500000 values/);
  }
  const names = Array.from({ length: 10_000 }, (_, index) => `default/service-${index}`);
  tt.ok(validateRequest('chains', { chains: { services: names } }, 'apart'), 'as many Services as the contract allows');
});

/** The result; the answers in that of a batch also tell the digest of the snapshot, which is that of its bytes. */
const resultOf = (reply: Reply): unknown =>
  JSON.parse(JSON.stringify(reply.json().result).replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:'));

t.test('every example is answered as the contract says, in every form', async (tt) => {
  const running = await start();
  tt.teardown(() => running.app.close());
  for (const kind of KINDS) {
    const valid = answerValidator(kind);
    for (const [name, value] of examples(kind)) {
      await tt.test(`${kind} ${name}`, async (ttt) => {
        const reply = await post(running, `/v1/${kind}`, value);
        ttt.equal(reply.status, 200, reply.text.slice(0, 2000));
        ttt.ok(valid(reply.json()), JSON.stringify(valid.errors));
        ttt.ok((await post(running, `/v1/${kind}`, value)).bytes.equals(reply.bytes), 'the same bytes again');
        for (const type of ['text/plain', 'text/markdown']) {
          const report = await post(running, `/v1/${kind}`, value, { accept: type });
          ttt.equal(report.status, 200);
          ttt.ok(report.text.length > 20);
        }
        const rows = await post(running, `/v1/${kind}`, value, { accept: 'application/vnd.kube-whatif.rows+json' });
        ttt.equal(rows.headers['content-type'], 'application/vnd.kube-whatif.rows+json');
        ttt.ok(validRows(rows.json()), JSON.stringify(validRows.errors));
        ttt.ok((await post(running, `/v1/${kind}?form=rows`, value)).bytes.equals(rows.bytes), 'by parameter too');
        const csv = await post(running, `/v1/${kind}?form=csv`, value, { accept: 'application/json' });
        ttt.equal(csv.headers['content-type'], 'text/csv; charset=utf-8');
        ttt.equal(csv.text.trimEnd().split('\r\n').length, 1 + (rows.json() as unknown as Rows).rows.length);
        const { snapshot, ...request } = value;
        const asForm = await form(running, kind, [JSON.stringify(snapshot.inline)], JSON.stringify(request));
        ttt.equal(asForm.status, 200, asForm.text.slice(0, 2000));
        ttt.same(resultOf(asForm), resultOf(reply), 'a form gives the same result');
        const half = snapshot.inline.items.length >> 1;
        const lists = [snapshot.inline.items.slice(0, half), snapshot.inline.items.slice(half)].map((items) => ({
          kind: 'List',
          items,
        }));
        const inFiles = await form(
          running,
          kind,
          lists.map((list) => JSON.stringify(list)),
          JSON.stringify(request),
        );
        ttt.same(resultOf(inFiles), resultOf(reply), 'so do two files');
        const inParts = await post(running, `/v1/${kind}`, { ...request, snapshot: { parts: lists } });
        ttt.same(resultOf(inParts), resultOf(reply), 'and two parts');
      });
    }
  }

  await tt.test('one node and one family as text are the rules and nothing else', async (ttt) => {
    const [, value] = examples('chains')[0]!;
    for (const format of ['RESTORE', 'SAVE', 'LIST']) {
      const request = { ...value, chains: { nodes: ['node-1'], families: ['IPv4'], format } };
      const parts = (await post(running, '/v1/chains', request)).json().result.parts as readonly { text: string }[];
      ttt.equal(parts.length, 1);
      ttt.equal((await post(running, '/v1/chains', request, { accept: 'text/plain' })).text, parts[0]?.text);
    }
  });

  await tt.test('a second snapshot comes in the body or in files, and errors say which one is wrong', async (ttt) => {
    const [, value] = examples('what-if')[0]!;
    const { snapshot, changes: _, ...request } = value as Request & { readonly changes: unknown };
    const { items } = snapshot.inline;
    const fewer = items.filter((item) => !/-(bbbbb|x7k2p)"/.test(JSON.stringify(item)));
    const inline = { kind: 'List', items: fewer };
    const inside = await post(running, '/v1/what-if', { ...request, snapshot, after: { snapshot: { inline } } });
    ttt.equal(inside.status, 200, inside.text.slice(0, 500));
    ttt.ok(answerValidator('what-if')(inside.json()));
    const { difference, established } = inside.json().result as {
      difference: { services: readonly object[] };
      established: { lost: { fraction: string } };
    };
    ttt.equal(difference.services.length, 1);
    ttt.equal(established.lost.fraction, '1/3');
    const files = (after: readonly string[], rest: object = {}) =>
      form(running, 'what-if', [JSON.stringify(snapshot.inline)], JSON.stringify({ ...request, ...rest }), after);
    const asFile = await files([JSON.stringify(inline)]);
    ttt.equal(asFile.status, 200, asFile.text.slice(0, 500));
    ttt.same(asFile.json().result.difference, inside.json().result.difference);
    const half = fewer.length >> 1;
    const lists = [fewer.slice(0, half), fewer.slice(half)].map((list) =>
      JSON.stringify({ kind: 'List', items: list }),
    );
    ttt.same((await files(lists)).json().result.difference, inside.json().result.difference, 'and in two files');
    const wrongPod = { kind: 'Pod', metadata: { name: 1 } };
    const broken = await files([JSON.stringify(wrongPod)]);
    ttt.match(broken.json().errors[0], {
      in: 'snapshot',
      pointer: '/metadata/name',
      detail: /^In the second snapshot: /,
    });
    const after = { snapshot: { inline: wrongPod } };
    ttt.match((await post(running, '/v1/what-if', { ...request, snapshot, after })).json().errors[0], {
      in: 'request',
      pointer: '/after/snapshot/inline/metadata/name',
    });
    ttt.match((await files([JSON.stringify(inline)], { after })).json().errors[0], { pointer: '/after' });
    const plain = await form(running, 'chains', [JSON.stringify(snapshot.inline)], '{}', [JSON.stringify(inline)]);
    ttt.same([plain.status, plain.json().code], [400, 'INVALID_REQUEST'], 'one question has one snapshot');
    for (const [body, message] of [
      [{ snapshot }, /Exactly one of "chains", "path" and "probability" is needed; found none of them\./],
      [{ ...request, snapshot }, /Exactly one of "changes" and "after" is needed; found none of them\./],
      [{ ...value, after }, /Exactly one of "changes" and "after" is needed; found "changes" and "after"\./],
      [{ ...value, changes: [] }, /at least 1 item/],
    ] as const) {
      const refused = await post(running, '/v1/what-if', body);
      ttt.equal(refused.status, 400);
      ttt.ok(
        refused.json().errors.some(({ detail }) => message.test(detail)),
        refused.text,
      );
    }
  });

  await tt.test('files of manifests are applied after the changes of the request', async (ttt) => {
    const [, value] = examples('what-if').find(([name]) => name === 'apply')!;
    const { snapshot, changes, ...request } = value as Request & {
      readonly changes: readonly { apply: { manifests: unknown[] } }[];
    };
    const manifests = changes[0]!.apply.manifests.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    const asked = (files: readonly (string | Buffer)[], rest: object = {}) =>
      form(
        running,
        'what-if',
        [JSON.stringify(snapshot.inline)],
        JSON.stringify({ ...request, ...rest }),
        [],
        files.map(String),
      );
    const inside = await post(running, '/v1/what-if', value);
    const apart = await asked(manifests);
    ttt.equal(apart.status, 200, apart.text.slice(0, 500));
    ttt.same(apart.json().result, inside.json().result);
    const both = await asked(manifests.slice(1), {
      changes: [{ apply: { manifests: changes[0]!.apply.manifests.slice(0, 1) } }],
    });
    ttt.same(both.json().result, inside.json().result);
    const broken = await asked(['kind: Service\nmetadata: { name: x }\nspec: { ports: [{ port: 0 }] }\n']);
    ttt.equal(broken.status, 422);
    ttt.match(broken.json().errors[0], {
      pointer: '/changes/0/apply/manifests/0/text',
      detail: /^0\.yaml \(Service x\), \/spec\/ports\/0\/port: /,
    });
  });

  await tt.test('faults of a snapshot are told with their place in it', async (ttt) => {
    const [, value] = examples('path')[0]!;
    const items = value.snapshot.inline.items.map(
      (item) => structuredClone(item) as { kind: string; spec: { ports: { port: unknown }[] } },
    );
    const at = items.findIndex(({ kind }) => kind === 'Service');
    items[at]!.spec.ports[0]!.port = 'http';
    const reply = await post(running, '/v1/path', { ...value, snapshot: { inline: { kind: 'List', items } } });
    ttt.equal(reply.status, 422);
    ttt.equal(reply.json().code, 'INVALID_SNAPSHOT');
    ttt.match(reply.json().errors[0], { in: 'snapshot', pointer: `/items/${at}/spec/ports/0/port` });
    for (const [inline, status, code] of [
      [`{"kind":"List","items":[{"kind":"Node","metadata":{"name":"a"},"__proto__":{}}]}`, 422, 'INVALID_SNAPSHOT'],
      [`{"kind":"List","items":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400, 'MALFORMED'],
    ] as const) {
      const body = `{"snapshot":{"inline":${inline}}}`;
      const refused = await send(running, 'POST', '/v1/chains', { 'content-type': 'application/json' }, body);
      ttt.same([refused.status, refused.json().code], [status, code]);
    }
  });

  await tt.test('the served document is the one that was read, with real requests and answers', async (ttt) => {
    const served = (await send(running, 'GET', '/openapi.json')).text;
    const without = JSON.parse(served, (key, value) => (key.startsWith('examples/') ? undefined : value));
    const read = JSON.parse(JSON.stringify(DOCUMENT));
    for (const { post } of Object.values(without.paths) as { post?: { responses: Record<string, Answered> } }[]) {
      const content = post?.responses['200']?.content['application/json'];
      if (Object.keys(content?.examples ?? { some: 1 }).length === 0) delete content?.examples;
    }
    ttt.same(without, read);
    const article = readFileSync('examples/article.json');
    const digest = `sha256:${createHash('sha256').update(article).digest('hex')}`;
    const headers = { 'content-type': 'application/json' };
    ttt.equal((await send(running, 'PUT', `/v1/snapshots/${digest}`, headers, article)).status, 201);
    const { paths } = JSON.parse(served) as Document;
    for (const kind of KINDS) {
      const { requestBody, responses } = (paths[`/v1/${kind}`] as unknown as { post: Answerable }).post;
      const requests = Object.entries(requestBody.content['application/json'].examples ?? {});
      const answers = responses['200']?.content['application/json'].examples ?? {};
      const files = readdirSync('examples/requests').filter((file) => kindOfExample(file) === kind);
      ttt.same(Object.keys(answers).sort(), files.map((file) => `examples/requests/${file}`).sort(), kind);
      for (const [name, { value }] of requests) {
        if (name in answers) ttt.same((await post(running, `/v1/${kind}`, value)).json(), answers[name]?.value, name);
      }
    }
  });

  await tt.test('/docs shows it, with nothing from elsewhere', async (ttt) => {
    const page = await send(running, 'GET', '/docs');
    ttt.equal(page.status, 200);
    ttt.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self';/);
    ttt.notMatch(page.headers['content-security-policy'], /https?:/);
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string);
    ttt.ok(links.length >= 5);
    for (const link of links) {
      ttt.match(link, /^\/docs\/static\/[a-z0-9-]+(\.[a-z]+)+$/, link);
      ttt.equal((await send(running, 'GET', link)).status, 200, link);
    }
    ttt.notMatch(page.text, /https?:\/\//);
    ttt.notMatch(
      (await send(running, 'GET', '/docs/static/swagger-initializer.js')).text,
      /https?:\/\/(?!stackoverflow)/,
    );
    ttt.notMatch((await send(running, 'GET', '/docs/static/swagger-ui.css')).text, /url\(["']?https?:|@import/);
    ttt.same(
      JSON.parse((await send(running, 'GET', '/docs/json')).text),
      JSON.parse((await send(running, 'GET', '/openapi.json')).text),
    );
  });
});

function form(
  running: Parameters<typeof send>[0],
  kind: QuestionKind,
  files: readonly string[],
  request: string,
  after: readonly string[] = [],
  manifests: readonly string[] = [],
) {
  const file =
    (name: string, ending = 'json') =>
    (text: string, index: number) =>
      `Content-Disposition: form-data; name="${name}"; filename="${index}.${ending}"\r\nContent-Type: application/json\r\n\r\n${text}`;
  const parts = [
    ...files.map(file('snapshot')),
    ...after.map(file('after')),
    ...manifests.map(file('manifests', 'yaml')),
    `Content-Disposition: form-data; name="request"\r\n\r\n${request}`,
  ];
  const body = `${parts.map((text) => `--boundary\r\n${text}\r\n`).join('')}--boundary--\r\n`;
  return send(running, 'POST', `/v1/${kind}`, { 'content-type': 'multipart/form-data; boundary=boundary' }, body);
}

t.test('a path that is not there is told which are', async (t) => {
  const running = await start();
  t.teardown(() => running.app.close());
  const { text } = await send(running, 'GET', '/nowhere');
  for (const path of Object.keys(document.paths)) t.ok(text.includes(path), path);
});
