/**
 * Asks a server instead of answering here. Snapshots are named by their digest; only one that the server does not hold
 * is sent, and where it cannot hold it, it goes along with the question.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import {
  ERROR_CODES,
  type ErrorCode,
  type Problem,
  QuestionError,
  SERVICE_CODES,
  type ServiceCode,
} from '../base/errors.js';
import type { ProblemDocument } from '../base/problem-document.js';
import type { Answer } from '../contract/answers.js';
import type { QuestionRequest } from '../contract/requests.js';
import type { QuestionKind } from '../questions/kinds.js';
import { readingAfterFiles } from '../questions/what-if/after-snapshot.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { type Server, type ServerReply, sendRequest } from './http-client.js';
import { readBytes } from './input-files.js';
import type { Io } from './io.js';
import { ServerError } from './server-error.js';
import type { SnapshotFile } from './snapshot-files.js';

const compress = promisify(gzip);

/** A snapshot in files, and the digest that names it. */
interface Named {
  readonly files: readonly SnapshotFile[];
  readonly digest: string;
}

async function pem(args: Arguments, option: string): Promise<Buffer | undefined> {
  const file = args.one(option);
  return file === undefined ? undefined : await readBytes(`--${option}`, file);
}

async function tokenOf(args: Arguments, io: Io): Promise<string | undefined> {
  const file = args.one('token-file');
  const token = file === undefined ? undefined : (await readBytes('--token-file', file)).toString('utf8').trim();
  const given = token ?? args.one('token') ?? (io.env.KUBE_WHATIF_TOKEN || undefined);
  // Anything else cannot be in a header, and must not be shown.
  if (given !== undefined && !/^[\x21-\x7e]+$/.test(given))
    throw new UsageError('The token has characters that no token has.');
  return given;
}

/** The server that `--server` or KUBE_WHATIF_SERVER names; undefined when neither does. Throws UsageError. */
export async function serverOf(args: Arguments, io: Io): Promise<Server | undefined> {
  const text = args.one('server') ?? (io.env.KUBE_WHATIF_SERVER || undefined);
  if (text === undefined) {
    for (const name of ['token', 'token-file', 'ca', 'cert', 'key']) {
      if (args.has(name)) throw new UsageError(`--${name} is for a server: give --server URL too.`);
    }
    return undefined;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new UsageError('--server must be a URL such as https://kube-whatif.example:8080.');
  }
  const [ca, cert, key] = [await pem(args, 'ca'), await pem(args, 'cert'), await pem(args, 'key')];
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key must be given together.');
  return { url, token: await tokenOf(args, io), ca, cert, key };
}

function named(files: readonly SnapshotFile[]): Named {
  const hash = createHash('sha256');
  for (const { bytes } of files) hash.update(bytes);
  return { files, digest: `sha256:${hash.digest('hex')}` };
}

/** The problem document of a reply. Throws ServerError when the reply is not a problem document. */
export function problemIn({ status, body }: ServerReply): ProblemDocument {
  try {
    const document = JSON.parse(body.toString('utf8')) as ProblemDocument;
    if (typeof document.code === 'string' && typeof document.detail === 'string') return document;
  } catch {
    // Not what a kube-whatif says: a proxy's page, perhaps.
  }
  throw new ServerError(`The server answered with status ${status}, and not as kube-whatif does.`);
}

/** What a problem document is here: wrong input is reported as if it had been found here. */
export function errorOf({ code, detail, errors }: ProblemDocument): QuestionError | ServerError {
  if (Object.hasOwn(ERROR_CODES, code) && code !== 'OVERLOADED') {
    return new QuestionError(code as ErrorCode, detail, errors as readonly Problem[]);
  }
  const known = Object.hasOwn(SERVICE_CODES, code) ? (code as ServiceCode) : undefined;
  return new ServerError(`The server says: ${detail}`, known);
}

/** The parts of a form, and its media type. */
function formOf(parts: readonly { readonly name: string; readonly fileName?: string; readonly bytes: Buffer }[]) {
  const boundary = `kube-whatif-${createHash('sha256')
    .update(Buffer.concat(parts.map(({ bytes }) => bytes)))
    .digest('hex')
    .slice(0, 40)}`;
  const pieces = parts.flatMap(({ name, fileName, bytes }) => {
    const escaped = (fileName ?? name).replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, ' ');
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${escaped}"\r\n\r\n`;
    return [Buffer.from(head), bytes, Buffer.from('\r\n')];
  });
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}

const partsOf = (name: string, files: readonly SnapshotFile[]) =>
  files.map((file) => ({ name, fileName: file.name, bytes: file.bytes }));

async function post(server: Server, kind: QuestionKind, type: string, body: Buffer): Promise<ServerReply> {
  const packed = await compress(body, { level: constants.Z_BEST_SPEED });
  const headers = { 'content-type': type, 'content-encoding': 'gzip' };
  return await sendRequest(server, { method: 'POST', path: `/v1/${kind}`, headers, body: packed });
}

/**
 * Sends a snapshot to be held; false when the server cannot hold it. Throws QuestionError for what is wrong with it.
 */
async function upload(server: Server, { files, digest }: Named): Promise<boolean> {
  const path = `/v1/snapshots/${digest}`;
  if ((await sendRequest(server, { method: 'HEAD', path })).status === 200) return true;
  const [only] = files;
  const { type, body } =
    files.length === 1 && only !== undefined
      ? { type: 'application/octet-stream', body: only.bytes }
      : formOf(partsOf('snapshot', files));
  const headers = { 'content-type': type, 'content-encoding': 'gzip' };
  const packed = await compress(body, { level: constants.Z_BEST_SPEED });
  const reply = await sendRequest(server, { method: 'PUT', path, headers, body: packed });
  if (reply.status === 200 || reply.status === 201) return true;
  const problem = problemIn(reply);
  if (problem.code === 'UNSUPPORTED' || problem.code === 'TOO_LARGE') return false;
  throw errorOf(problem);
}

/** Codes that say that a snapshot is not where the question was asked. */
const ELSEWHERE: readonly string[] = ['UNKNOWN_DIGEST', 'STORE_UNAVAILABLE'];

/**
 * The server's answer. `files` and `after` are the snapshots, where they are not inside the request. Throws
 * QuestionError as the question itself does; ServerError.
 */
export async function askServer(
  server: Server,
  kind: QuestionKind,
  request: QuestionRequest,
  files: readonly SnapshotFile[] | undefined,
  after: readonly SnapshotFile[],
): Promise<Answer> {
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const answerIn = (reply: ServerReply): Answer => {
    if (reply.status !== 200) throw errorOf(problemIn(reply));
    return JSON.parse(reply.body.toString('utf8')) as Answer;
  };
  const [main, second] = [
    files === undefined ? undefined : named(files),
    after.length === 0 ? undefined : named(after),
  ];
  if (main === undefined && second === undefined) {
    return answerIn(await post(server, kind, 'application/json', json(request)));
  }
  if (second !== undefined && request.snapshot?.name === undefined && main === undefined)
    throw new UsageError('The request holds a snapshot: give the second one there as well, as "after".');
  const byDigest = json({
    ...request,
    ...(main === undefined ? {} : { snapshot: { digest: main.digest } }),
    ...(second === undefined ? {} : { after: { snapshot: { digest: second.digest } } }),
  });
  const ask = () => post(server, kind, 'application/json', byDigest);
  const first = await ask();
  if (first.status === 200 || !ELSEWHERE.includes(problemIn(first).code)) return answerIn(first);
  const uploads = [
    main === undefined || (await upload(server, main)),
    second === undefined || (await readingAfterFiles(() => upload(server, second))),
  ];
  if (uploads.every(Boolean)) {
    const again = await ask();
    if (again.status === 200 || !ELSEWHERE.includes(problemIn(again).code)) return answerIn(again);
  }
  // Another replica may have been asked, which shares nothing with the one that holds it.
  const form = formOf([
    ...partsOf('snapshot', files ?? []),
    ...partsOf('after', after),
    { name: 'request', bytes: json(request) },
  ]);
  return answerIn(await post(server, kind, form.type, form.body));
}
