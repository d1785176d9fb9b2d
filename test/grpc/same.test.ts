/** Both doors give the same answer to the same request: all examples there are, asked of both. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import t from 'tap';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import { RPCS, readAnswer, writeRequest } from '../../src/messages/codec.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { send } from '../rest/support.js';
import { withoutEmpty } from '../support/without-empty.js';
import { detailsOf, failureOf } from './client.js';
import { startDoors } from './support.js';
import { wholeOf } from './whole.js';

const KINDS = Object.keys(RPCS) as QuestionKind[];
const article = readFileSync('examples/article.json');

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      {
        post?: {
          requestBody?: {
            content: Readonly<Record<string, { examples?: Readonly<Record<string, { value: object }>> }>>;
          };
        };
      }
    >
  >;
}

/** Every example of the contract and of examples/, by name. */
function examples(): readonly (readonly [string, QuestionKind, object])[] {
  const { paths } = DOCUMENT as unknown as Document;
  const ofContract = KINDS.flatMap((kind) =>
    Object.entries(paths[`/v1/${kind}`]?.post?.requestBody?.content['application/json']?.examples ?? {}).map(
      ([name, { value }]) => [`${kind} ${name}`, kind, value] as const,
    ),
  );
  const snapshot = { inline: JSON.parse(article.toString('utf8')) };
  const ofFiles = readdirSync('examples/requests').flatMap((file) => {
    const kind = KINDS.filter((name) => file === `${name}.json` || file.startsWith(`${name}-`)).sort(
      (a, b) => b.length - a.length,
    )[0];
    const request = JSON.parse(readFileSync(`examples/requests/${file}`, 'utf8'));
    return kind === undefined ? [] : [[file, kind, { snapshot, ...request }] as const];
  });
  return [...ofContract, ...ofFiles];
}

t.test('the same answers', async (t) => {
  const doors = await startDoors();
  t.teardown(() => doors.close());
  const all = examples();
  t.ok(
    KINDS.every((kind) => all.some(([, own]) => own === kind)),
    'every question has an example',
  );
  const post = (kind: QuestionKind, body: object) =>
    send(doors, 'POST', `/v1/${kind}`, { 'content-type': 'application/json' }, JSON.stringify(body));
  for (const [name, kind, request] of all) {
    const reply = await post(kind, request);
    t.equal(reply.status, 200, `${name}: ${reply.text.slice(0, 200)}`);
    const pieces = await doors.client.bytes(RPCS[kind].name, writeRequest(kind, request));
    const answer = readAnswer(kind, Buffer.concat(pieces));
    t.same(withoutEmpty(answer), withoutEmpty(reply.json()), name);
    const { output } = doors.client.method(RPCS[kind].name);
    t.same(
      wholeOf(output, pieces),
      toJson(output, fromBinary(output, Buffer.concat(pieces))),
      `${name}: reflection alone reads it`,
    );
  }

  await t.test('and the same problems', async (t) => {
    const [, , base] = all.find(([name]) => name === 'path service') ?? all[0]!;
    const { snapshot } = base as { snapshot: object };
    const path = {
      source: { pod: 'default/client' },
      destination: { service: { namespace: 'default', name: 'nginx-svc', port: 80 } },
    };
    const rows: readonly (readonly [string, QuestionKind, object, string])[] = [
      [
        'a pod that is not there',
        'path',
        { snapshot, path: { ...path, source: { pod: 'default/nobody' } } },
        'path.source.pod',
      ],
      ['no question', 'path', { snapshot }, ''],
      [
        'a port out of range',
        'path',
        { snapshot, path: { ...path, destination: { address: '10.96.0.1', port: 70_000 } } },
        'path.destination.port',
      ],
      ['a bad name in a list', 'chains', { snapshot, chains: { nodes: ['node-1', 'Node 2'] } }, 'chains.nodes[1]'],
      [
        'a change of a workload that is not there',
        'probability',
        { snapshot, changes: [{ scale: { kind: 'Deployment', namespace: 'default', name: 'none', replicas: 2 } }] },
        'changes[0].scale',
      ],
      [
        'an address in a list of its own',
        'chains',
        { snapshot, changes: [{ service: { namespace: 'default', name: 'nginx-svc', externalIPs: ['x'] } }] },
        'changes[0].service.external_ips.items[0]',
      ],
      ['a digest that is not held', 'chains', { snapshot: { digest: `sha256:${'0'.repeat(64)}` } }, ''],
      ['a digest that is none', 'chains', { snapshot: { digest: 'latest' } }, 'snapshot.digest'],
      [
        'an object of the snapshot',
        'chains',
        { snapshot: { inline: { kind: 'List', items: [{ kind: 'Node', metadata: { name: 1 } }] } } },
        'snapshot',
      ],
      ['a snapshot of nothing', 'chains', { snapshot: { inline: {} } }, 'snapshot'],
    ];
    for (const [name, kind, request, field] of rows) {
      const problem = (await post(kind, request)).json();
      const failure = await failureOf(doors.client.bytes(RPCS[kind].name, writeRequest(kind, request)));
      const { reason, domain, violations } = detailsOf(failure);
      t.same([reason, domain], [problem.code, 'kube-whatif'], name);
      t.equal(failure.details, problem.detail, name);
      t.equal(violations.length, problem.errors.length, name);
      if (field !== '') t.equal(violations[0]?.field, field, name);
      for (const [index, { detail }] of problem.errors.entries()) {
        t.ok(violations[index]?.description.endsWith(detail), `${name}: ${violations[index]?.description}`);
      }
    }
  });

  await t.test('and the same snapshots, whichever door they came through', async (t) => {
    const digest = `sha256:${createHash('sha256').update(article).digest('hex')}`;
    const { client } = doors;
    const { input, output } = client.method('UploadSnapshot');
    const chunks = [article.subarray(0, 1000), article.subarray(1000, 1001), article.subarray(1001)];
    const messages = chunks.map((chunk, index) =>
      client.encode(input, { ...(index === 0 ? { digest } : {}), chunk: chunk.toString('base64') }),
    );
    const held = toJson(output, fromBinary(output, await client.upload('UploadSnapshot', messages)));
    t.match(held, { digest, bytes: article.length, counts: { Node: 3 } });
    const probability = { services: [{ namespace: 'default', name: 'nginx-svc', port: 80 }] };
    const overRest = await post('probability', { snapshot: { digest }, probability });
    t.equal(overRest.status, 200, overRest.text.slice(0, 300));
    const overGrpc = await client.ask('Probability', { snapshot: { digest }, probability });
    t.same(withoutEmpty(readAnswer('probability', Buffer.concat(overGrpc))), withoutEmpty(overRest.json()));
  });
});
