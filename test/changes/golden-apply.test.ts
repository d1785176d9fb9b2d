/** `apply` against recordings of kubectl and kube-apiserver 1.36: the word, the stored object, or why it is refused. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { LAST_APPLIED, noteText } from '../../src/api-server/note.js';
import { isDeepStrictEqual } from '../../src/base/deep-equal.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { AppliedObject } from '../../src/contract/answers.js';
import { answerApply } from '../../src/questions/apply/answer-apply.js';

type Fields = Readonly<Record<string, unknown>>;
type Stored = Fields & { readonly metadata: Fields };
type Mode = 'client' | 'server' | 'force';

interface Result {
  readonly outcome?: string;
  readonly after?: Stored;
  readonly annotation?: 'manifest' | 'kept' | 'none' | 'other';
  readonly sameAs?: 'client' | 'server';
  /** JSON Pointers of values that are drawn. */
  readonly allocated?: readonly string[];
  readonly error?: {
    readonly by: string;
    readonly reason: string;
    readonly causes?: readonly { readonly field: string; readonly reason: string }[];
  };
}

interface Recording {
  /** The kind, and for `singlestack` the cluster too. */
  readonly group: string;
  readonly before: readonly (Stored & { readonly kind: string; readonly managers?: readonly Fields[] })[];
  readonly manifest: Stored & { readonly kind: string };
  readonly client: Result;
  readonly server: Result;
  readonly force?: Result;
}

const RECORDINGS: Readonly<Record<string, Recording>> = JSON.parse(
  gunzipSync(readFileSync('test/changes/golden-apply/recordings.json.gz')).toString(),
);

const TIME = '2026-01-01T00:00:00Z';

/** The cluster of the recordings: its version, its ranges of cluster IPs, its namespace. */
function around(group: string): readonly object[] {
  const dual = group !== 'singlestack';
  const range = dual ? '10.96.0.0/16,fd00:10:96::/112' : '10.96.0.0/16';
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'kube-apiserver-cp', namespace: 'kube-system', labels: { component: 'kube-apiserver' } },
    spec: {
      nodeName: 'cp',
      hostNetwork: true,
      containers: [{ name: 'kube-apiserver', command: ['kube-apiserver', `--service-cluster-ip-range=${range}`] }],
    },
    status: { phase: 'Running' },
  };
  const node = {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name: 'cp' },
    status: { nodeInfo: { kubeletVersion: 'v1.36.4', kubeProxyVersion: 'v1.36.4' } },
  };
  const service = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'kubernetes', namespace: 'default' },
    spec: {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
    },
  };
  return [node, pod, service, { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'shop' } }];
}

/** `metadata.managedFields` as the API server prints it. */
function managedFields(apiVersion: unknown, managers: readonly Fields[]): readonly object[] {
  return managers.map(({ fields, ...rest }) => ({
    ...rest,
    apiVersion: rest.apiVersion ?? apiVersion,
    time: TIME,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
  }));
}

function ask({ before, group, manifest }: Recording, mode: Mode): AppliedObject | undefined {
  const objects = before.map(({ managers = [], ...object }) => ({
    ...object,
    metadata: { ...object.metadata, managedFields: managedFields(object.apiVersion, managers) },
  }));
  const snapshot = { inline: { kind: 'List', items: [...around(group), ...objects] } };
  const { metadata } = manifest;
  const options = { ...(mode === 'client' ? {} : { serverSide: true }), ...(mode === 'force' ? { force: true } : {}) };
  const change = { apply: { manifests: [manifest], namespace: 'shop', ...options } };
  const request = { snapshot, at: TIME, changes: [change] } as never;
  const { result } = answerApply(request, readSnapshot(snapshot));
  return result.objects.find(({ kind, name }) => kind === manifest.kind && name === (metadata.name ?? ''));
}

const DRAWN = ['uid', 'creationTimestamp', 'generation', 'managedFields', 'resourceVersion'];

function without(value: unknown, [first = '', ...rest]: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((one, index) =>
      String(index) !== first ? one : rest.length === 0 ? 'drawn' : without(one, rest),
    );
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key !== first) return [[key, item]];
      return rest.length === 0 ? [] : [[key, without(item, rest)]];
    }),
  );
}

/** Without what is drawn, and kubectl's note, which is compared by itself. */
function bare(object: Stored, drawn: readonly string[]): unknown {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([key]) => !DRAWN.includes(key)));
  const { [LAST_APPLIED]: _note, ...annotations } = (metadata.annotations ?? {}) as Fields;
  const { annotations: _annotations, ...others } = metadata;
  const kept = Object.keys(annotations).length === 0 ? others : { ...others, annotations };
  return drawn
    .map((pointer) => pointer.split('/').slice(1))
    .reduce<unknown>((value, path) => without(value, path), { ...object, metadata: kept });
}

/** What the note says: on the server's side it has no empty annotations. */
function noteOf(object: Stored | undefined): unknown {
  const text = ((object?.metadata.annotations ?? {}) as Fields)[LAST_APPLIED];
  return typeof text === 'string' ? bare(JSON.parse(text) as Stored, []) : text;
}

function expectedNote(recording: Recording, { annotation }: Result): unknown {
  const { manifest, before } = recording;
  const isScoped = !['Namespace', 'Node'].includes(manifest.kind);
  const metadata = isScoped ? { ...manifest.metadata, namespace: 'shop' } : manifest.metadata;
  if (annotation === 'manifest' || annotation === undefined)
    return bare(JSON.parse(noteText({ ...manifest, metadata })) as Stored, []);
  const own = before.find(({ metadata: { name }, kind }) => kind === manifest.kind && name === metadata.name);
  return annotation === 'kept' ? noteOf(own) : undefined;
}

/** A recorded result, with what is said of another one filled in. */
function resultOf(recording: Recording, mode: Mode): Result | undefined {
  const own = recording[mode];
  if (own?.sameAs === undefined) return own;
  const same = resultOf(recording, own.sameAs) as Result;
  return { ...same, ...own };
}

const WORDS: Readonly<Record<string, string>> = {
  created: 'CREATED',
  configured: 'CONFIGURED',
  unchanged: 'UNCHANGED',
};

function causesOf(causes: readonly { readonly field: string; readonly reason: string }[] = []): unknown {
  return causes.map(({ field, reason }) => `${reason} ${field}`).sort();
}

/** How the model's result differs from the recording; undefined where it does not. */
function difference(recording: Recording, mode: Mode): string | undefined {
  const result = resultOf(recording, mode) as Result;
  const found = ask(recording, mode);
  if (found === undefined) return 'not listed';
  if (result.error !== undefined) {
    if (found.outcome !== 'REFUSED') return `${found.outcome}, but really refused: ${JSON.stringify(result.error)}`;
    const { reason, causes } = found.error ?? { reason: '', causes: [] };
    const ours = [reason, result.error.causes === undefined ? [] : causesOf(causes)];
    const theirs = [result.error.reason, causesOf(result.error.causes)];
    return isDeepStrictEqual(ours, theirs)
      ? undefined
      : `refused as ${JSON.stringify(ours)}, really ${JSON.stringify(theirs)}`;
  }
  if (found.outcome === 'REFUSED') return `refused: ${JSON.stringify(found.error)}`;
  const after = found.after as Stored;
  const word = WORDS[result.outcome ?? ''];
  if (word !== undefined && found.outcome !== word) return `${found.outcome}, but really ${word}`;
  const drawn = result.allocated ?? [];
  const [ours, theirs] = [bare(after, drawn), bare(result.after as Stored, drawn)];
  if (!isDeepStrictEqual(ours, theirs)) return `stored ${JSON.stringify(ours)}, but really ${JSON.stringify(theirs)}`;
  const undrawn = drawn.filter((pointer) => !(found.drawn ?? []).includes(pointer));
  if (undrawn.length > 0) return `not reported as drawn: ${undrawn.join(', ')}`;
  const [note, wanted] = [noteOf(after), expectedNote(recording, result)];
  if (result.annotation !== 'other' && !isDeepStrictEqual(note, wanted))
    return `noted ${JSON.stringify(note)}, but really ${JSON.stringify(wanted)}`;
  return undefined;
}

for (const mode of ['client', 'server', 'force'] as const) {
  t.test(`${mode} stores or refuses what the API server does`, async (t) => {
    for (const [name, recording] of Object.entries(RECORDINGS)) {
      if (recording[mode] === undefined) continue;
      const label = `${mode} ${name}`;
      let found: string | undefined;
      try {
        found = difference(recording, mode);
      } catch (error) {
        found = `fails: ${(error as Error).stack}`;
      }
      if (process.env.SHOW === mode && found !== undefined) console.error(`${recording.group} ${name}: ${found}`);
      t.equal(found, undefined, label);
    }
  });
}
