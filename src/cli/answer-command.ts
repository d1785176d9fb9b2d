import { withProgress } from '../base/progress.js';
import { readSnapshot, type Snapshot } from '../cluster/read-snapshot.js';
import type { Answer, ApplyResult } from '../contract/answers.js';
import type { GivenSnapshot, QuestionRequest } from '../contract/requests.js';
import { noneHeld, readGiven } from '../questions/held.js';
import type { PlainKind, QuestionKind } from '../questions/kinds.js';
import { QUESTIONS } from '../questions/registry.js';
import { validateRequest } from '../questions/validate-request.js';
import { readAfterFiles } from '../questions/what-if/after-snapshot.js';
import { type RenderOptions, type ReportForm, render } from '../reports/render.js';
import { printableJson } from '../reports/safe-text.js';
import { VIEW_WORDS, viewOf } from '../reports/view.js';
import { oneOf, readWhole } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { type AskedKind, buildRequest } from './build-request.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { inflated, parseJson, readBytes, readStream } from './input-files.js';
import { type Io, writeAll } from './io.js';
import { manifestFiles } from './manifest-files.js';
import { withNames } from './name-words.js';
import { ProgressLine } from './progress-line.js';
import { noticeIfSilent } from './silent-input.js';
import { type SnapshotFile, snapshotFiles } from './snapshot-files.js';
import { holdsProblem, holdsUnknown } from './unknown.js';
import { needsNamespace, withNamespace } from './whole-arguments.js';

/** Reading a snapshot of more bytes than this takes a while. */
const LARGE_SNAPSHOT = 8_000_000;

type Form = ReportForm | 'json';

const FORMS: readonly Form[] = ['text', 'markdown', 'json', 'rows', 'csv'];

function formOf(args: Arguments, kind: QuestionKind): Form {
  const output = args.one('output');
  const form = output === undefined ? undefined : oneOf('--output', output, [...FORMS, ...QUESTIONS[kind].forms]);
  if (args.has('json') && form !== undefined && form !== 'json') {
    throw new UsageError(`--json and --output ${form} contradict each other.`);
  }
  return args.has('json') ? 'json' : (form ?? 'text');
}

/** The request of `--request`, or undefined when there is none. */
async function requestFile(args: Arguments, io: Io): Promise<unknown> {
  const name = args.one('request');
  if (name === undefined) return undefined;
  if (name !== '-') return parseJson(`--request ${name}`, await readBytes('--request', name));
  if (io.stdin.isTTY) throw new UsageError('--request - reads standard input, which is a terminal: pipe the request.');
  return parseJson('The request on standard input', await readStream(io.stdin));
}

function hasSnapshot(request: unknown): request is { readonly snapshot: GivenSnapshot } {
  return typeof request === 'object' && request !== null && 'snapshot' in request;
}

/**
 * Reads the request, and the snapshot's files where they are not inside it; `question` is the one that what-if asks,
 * where the options name it.
 */
async function readInput(
  kind: QuestionKind,
  question: AskedKind | undefined,
  args: Arguments,
  io: Io,
  taken: (() => Promise<readonly SnapshotFile[]>) | undefined,
  server: boolean,
): Promise<readonly [QuestionRequest, readonly SnapshotFile[] | undefined]> {
  const stdinTaken = args.one('request') === '-' || args.all('snapshot').includes('-');
  const manifests = await manifestFiles(args, io, stdinTaken);
  const base = await requestFile(args, io);
  const built = await buildRequest(question, args, base, kind === 'what-if', manifests);
  checkAfter(args);
  const { request: given, args: left } = withNames(built, args, server);
  if (hasSnapshot(given)) {
    if (left.has('snapshot')) {
      throw new UsageError('The request holds a snapshot, and --snapshot gives another: leave one of them out.');
    }
    if (args.all('after').some((name) => !name.startsWith('@'))) {
      // The second snapshot comes in files of its own.
      validateRequest(kind, { after: { snapshot: { inline: {} } }, ...given });
      return [given as unknown as QuestionRequest, undefined];
    }
    return [validateRequest(kind, given), undefined];
  }
  // The request first: what is wrong with it is reported quickly, before megabytes are read.
  const request = validateRequest(kind, given, 'apart');
  const manifestsPiped = args.all('filename').includes('-') ? 'the manifests' : undefined;
  const files =
    taken === undefined
      ? await snapshotFiles(args, io, args.one('request') === '-' ? 'the request' : manifestsPiped)
      : await taken();
  return [request, files];
}

/** How the answer is laid out: what the options say, and what standard output can show. */
function renderOptions(args: Arguments, io: Io): RenderOptions {
  const { isTTY, columns } = io.stdout;
  const words = VIEW_WORDS.filter((word) => args.has(word));
  const [trace, asked] = ['trace', 'width'].map((name) => {
    const text = args.one(name);
    return text === undefined ? undefined : readWhole(`--${name}`, text);
  });
  if (trace === 0) throw new UsageError('--trace counts from 1.');
  const width = asked ?? (isTTY && columns !== undefined && columns > 0 ? columns : undefined);
  // no-color.org: NO_COLOR set to anything but the empty string.
  const color = isTTY === true && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
  return { color, view: viewOf(words, trace), ...(width === undefined ? {} : { width }) };
}

/** Throws UsageError for `--after` beside changes. */
function checkAfter(args: Arguments): void {
  if (!args.has('after')) return;
  for (const name of ['scale', 'change', 'filename']) {
    if (args.has(name)) throw new UsageError(`--after and --${name} both say what is compared with: give one of them.`);
  }
}

/** The files of `--after`; a name is in the request. */
async function secondFiles(args: Arguments): Promise<readonly SnapshotFile[]> {
  const names = args.all('after').filter((name) => !name.startsWith('@'));
  const files: SnapshotFile[] = [];
  for (const name of names) files.push({ name, bytes: await inflated(name, await readBytes('--after', name)) });
  return files;
}

/** A batch that asks about each port of the Service of a path, where it names none and the Service has several. */
function portsMeant(request: QuestionRequest, { cluster }: Snapshot): QuestionRequest | undefined {
  const { path, snapshot: _, ...shared } = request;
  const { service } = path?.destination ?? {};
  if (path === undefined || service === undefined || service.port !== undefined || service.portName !== undefined)
    return undefined;
  const ports = cluster.services.get(`${service.namespace}/${service.name}`)?.spec?.ports ?? [];
  const wanted = ports.filter(({ protocol = 'TCP' }) => path.protocol === undefined || protocol === path.protocol);
  if (wanted.length < 2) return undefined;
  const questions = wanted.map(({ port, name }) => ({
    path: { ...path, destination: { service: { ...service, ...(name ? { portName: name } : { port }) } } },
  }));
  return { ...shared, batch: { questions } } as unknown as QuestionRequest;
}

/** Whether the cluster is read by kubectl: no snapshot is named, and standard input is a terminal or empty. */
async function standardInput(args: Arguments, io: Io): Promise<'LIVE' | 'TAKEN' | Buffer> {
  const isTaken = args.has('snapshot') || args.has('request') || args.all('filename').includes('-');
  if (isTaken) return args.has('snapshot') || args.has('request') ? 'TAKEN' : 'LIVE';
  if (io.stdin.isTTY) return 'LIVE';
  const bytes = await noticeIfSilent(io, readStream(io.stdin));
  return bytes.length === 0 ? 'LIVE' : bytes;
}

/** Questions about everything that is there, which a namespace narrows. */
const OF_NAMESPACES: ReadonlySet<QuestionKind> = new Set(['inspect', 'reach']);

/** `-n shop` of such a question asks about that namespace, as it does with kubectl; with manifests it is theirs. */
function withinNamespace(kind: QuestionKind, args: Arguments): Arguments {
  const named = args.one('namespace');
  const isOfManifests = args.has('filename') || args.has('in-namespace');
  if (named === undefined || isOfManifests || !OF_NAMESPACES.has(kind)) return args;
  return args.with('in-namespace', named);
}

/**
 * The arguments with whole names, and the snapshot's files where no option names them: of standard input, or of the
 * cluster.
 */
async function placedArguments(
  kind: QuestionKind,
  asTyped: Arguments,
  io: Io,
): Promise<{ readonly args: Arguments; readonly files?: () => Promise<readonly SnapshotFile[]> }> {
  const args = withinNamespace(kind, asTyped);
  const input = await standardInput(args, io);
  const named = args.one('namespace');
  if (input !== 'LIVE') {
    const whole = withNamespace(args, kind, named ?? 'default');
    if (input === 'TAKEN') return { args: whole };
    return {
      args: whole,
      files: async () => [{ name: 'standard input', bytes: await inflated('Standard input', input) }],
    };
  }
  const { contextNamespace, liveSnapshot } = await import('./live.js');
  const namespace =
    named ?? (needsNamespace(args, kind) || args.has('filename') ? await contextNamespace(args, io) : 'default');
  const whole = withNamespace(args, kind, namespace);
  return {
    args:
      named === undefined && namespace !== 'default'
        ? whole.with('namespace', namespace).with('context-namespace', namespace)
        : whole,
    files: () => liveSnapshot(args, io),
  };
}

/** The answer of the server that the options name, else one made here. */
async function answerOf(
  kind: QuestionKind,
  question: AskedKind | undefined,
  given: Arguments,
  io: Io,
): Promise<Answer> {
  const { serverOf, askServer } = await import('./remote.js');
  const server = await serverOf(given, io);
  const { args, files: taken } = await placedArguments(kind, given, io);
  const [request, files] = await readInput(kind, question, args, io, taken, server !== undefined);
  const after = await secondFiles(args);
  if (server !== undefined) return await askServer(server, kind, request, files, after);
  const progress = new ProgressLine(io);
  try {
    const size = [...(files ?? []), ...after].reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (size > LARGE_SNAPSHOT) progress.show(`Reading ${Math.round(size / 1_000_000)} MB`);
    const snapshot = files === undefined ? readGiven(request.snapshot, noneHeld) : readSnapshot({ files });
    const ports = kind === 'path' ? portsMeant(request, snapshot) : undefined;
    // Loaded when there is something to ask.
    const { ask } = await import('../questions/ask.js');
    return withProgress(progress.listen, () =>
      ports === undefined
        ? ask(kind, request, snapshot, after.length === 0 ? undefined : readAfterFiles(after))
        : ask('batch', ports, snapshot),
    );
  } finally {
    progress.clear();
  }
}

/** Runs one question: reads what the options name, asks, and writes the answer in the form wanted. */
export async function runQuestion(kind: AskedKind, args: Arguments, io: Io): Promise<ExitCode> {
  return await run(kind, kind, args, io);
}

/** Runs what-if; `question` is the one that it asks, undefined where it is in `--request`. */
export async function runWhatIf(question: PlainKind | undefined, args: Arguments, io: Io): Promise<ExitCode> {
  return await run('what-if', question, args, io);
}

/** Runs a batch, whose questions are in `--request`. */
export async function runBatch(args: Arguments, io: Io): Promise<ExitCode> {
  if (!args.has('request')) {
    throw new UsageError('A batch is in a file: batch --request FILE. See kube-whatif batch --help.');
  }
  return await run('batch', undefined, args, io);
}

/** Runs check: exits with 1 where a finding reaches `--fail-on`. */
export async function runCheck(args: Arguments, io: Io): Promise<ExitCode> {
  return await run('check', 'check', args, io);
}

/** Runs apply: exits with 1 where the API server refuses an object. */
export async function runApply(args: Arguments, io: Io): Promise<ExitCode> {
  return await run('apply', 'apply', args, io);
}

async function run(asked: QuestionKind, question: AskedKind | undefined, args: Arguments, io: Io): Promise<ExitCode> {
  const form = formOf(args, asked);
  const layout = renderOptions(args, io);
  const answer = await answerOf(asked, question, args, io);
  // A path to a Service of several ports is a batch of paths.
  const kind = 'answers' in answer.result ? 'batch' : asked;
  if (form === 'json') {
    const json = `${JSON.stringify(answer, undefined, 2)}\n`;
    await writeAll(io.stdout, io.stdout.isTTY ? printableJson(json) : json);
  } else {
    const text = render(kind, answer, form, { ...layout, indent: 2 });
    await writeAll(io.stdout, form === 'rows' && io.stdout.isTTY ? printableJson(text) : text);
  }
  if (holdsProblem(answer)) return EXIT.BAD_INPUT;
  const refused = (objects: ApplyResult['objects']) => objects.some(({ outcome }) => outcome === 'REFUSED');
  if (asked === 'apply' && refused((answer.result as ApplyResult).objects)) return EXIT.FAILED;
  if ('failed' in answer.result && answer.result.failed) return EXIT.FAILED;
  return holdsUnknown(answer) ? EXIT.UNKNOWN : EXIT.FINE;
}
