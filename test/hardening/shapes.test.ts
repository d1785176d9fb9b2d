/**
 * Every field of every object with every kind of value that does not belong there: it is used, or refused with a place;
 * nothing else is ever thrown. No server: this is about the values alone, whatever door they come through.
 */
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { render } from '../../src/reports/render.js';
import { CLUSTER, HOSTILE, placesOf, replaced } from './shapes.js';

type Change = NonNullable<QuestionRequest['changes']>[number];

/**
 * Of the combinations that are worked out to an answer, every so many; SHAPES_ALL=1 for each one, which takes minutes.
 * All of them are read.
 */
const EVERY = process.env.SHAPES_ALL === '1' ? 1 : 40;
let turn = 0;
const due = () => turn++ % EVERY === 0;

const asRequest = (value: unknown) => value as QuestionRequest;

/** Questions that together read every field: rules, walks, shares, every controller. */
const QUESTIONS: readonly (readonly [QuestionKind, QuestionRequest])[] = [
  ['chains', asRequest({ chains: { nodes: ['n1'], families: ['IPv4'], format: 'SAVE' } })],
  ['probability', asRequest({})],
  [
    'what-if',
    asRequest({
      changes: [
        { scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 4 } },
        { scale: { kind: 'StatefulSet', namespace: 'default', name: 'db', replicas: 3 } },
        { rollout: { kind: 'Deployment', namespace: 'default', name: 'web', progress: 'END' } },
        { node: { name: 'n2', action: 'DRAIN' } },
        { node: { name: 'n3', action: 'ADD' } },
      ],
      probability: {},
    }),
  ],
  [
    'check',
    asRequest({
      changes: [
        { patch: { kind: 'Service', namespace: 'default', name: 'web', patch: { spec: { sessionAffinity: 'None' } } } },
      ],
    }),
  ],
];

/** What went wrong other than as a QuestionError, by message. */
function faultOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof QuestionError) {
      return error.message === '' ? 'an error without a sentence' : undefined;
    }
    return error instanceof Error
      ? `${error.name}: ${error.message} ${(error.stack ?? '').split('\n')[1]?.trim()}`
      : String(error);
  }
}

t.setTimeout(600_000);

t.test('a snapshot', async (tt) => {
  const faults = new Map<string, string>();
  for (const path of placesOf(CLUSTER)) {
    for (const [name, make] of HOSTILE) {
      const spoilt = replaced(CLUSTER, path, make());
      const fault = faultOf(() => {
        const snapshot = readSnapshot({ inline: spoilt });
        if (!due()) return;
        for (const [kind, request] of QUESTIONS) {
          const answer = faultOf(() => render(kind, ask(kind, request, snapshot) as never, 'text'));
          if (answer !== undefined) throw new Error(`${kind}: ${answer}`);
        }
      });
      if (fault !== undefined) faults.set(`/${path.join('/')} = ${name}`, fault);
    }
  }
  tt.same([...faults], []);
  tt.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test('manifests', async (tt) => {
  const snapshot = readSnapshot({ inline: CLUSTER });
  const { items } = CLUSTER as { readonly items: readonly unknown[] };
  const faults = new Map<string, string>();
  const apply = (manifest: unknown): Change => ({ apply: { manifests: [manifest] } }) as unknown as Change;
  for (const item of items) {
    for (const path of placesOf(item)) {
      for (const [name, make] of HOSTILE) {
        const spoilt = replaced(item, path, make());
        for (const manifest of [spoilt, JSON.stringify(spoilt)]) {
          if (!due()) continue;
          const request = asRequest({ changes: [apply(manifest)], probability: {} });
          const fault = faultOf(() => ask('what-if', request, snapshot));
          if (fault !== undefined) faults.set(`${(item as { kind: string }).kind}/${path.join('/')} = ${name}`, fault);
        }
      }
    }
  }
  tt.same([...faults], []);
});

t.test('merge patches', async (tt) => {
  const snapshot = readSnapshot({ inline: CLUSTER });
  const { items } = CLUSTER as { readonly items: readonly Record<string, unknown>[] };
  const faults = new Map<string, string>();
  for (const item of items) {
    const {
      kind,
      apiVersion: _,
      metadata,
      ...rest
    } = item as { kind: string; apiVersion: string; metadata: { name: string; namespace?: string } };
    if (kind === 'ConfigMap' || kind === 'Endpoints') continue;
    const whole = { metadata, ...rest };
    for (const path of placesOf(whole)) {
      for (const [name, make] of HOSTILE) {
        if (!due()) continue;
        const patch = replaced(whole, path, make());
        const target = {
          kind,
          name: metadata.name,
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        };
        const request = asRequest({ changes: [{ patch: { ...target, patch } }], probability: {} });
        const fault = faultOf(() => ask('what-if', request, snapshot));
        if (fault !== undefined) faults.set(`${kind}/${path.join('/')} = ${name}`, fault);
      }
    }
  }
  tt.same([...faults], []);
});
