/** What `snapshot` does with names on a server: send, list, delete. */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { isDigest } from '../questions/held.js';
import { printable, printableJson } from '../reports/safe-text.js';
import { readName } from '../snapshots/name.js';
import type { ListedName, NamedAnswer } from '../snapshots/named-forms.js';
import { isSender } from '../snapshots/named-forms.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Server, type ServerReply, sendRequest } from './http-client.js';
import { type Io, writeAll } from './io.js';
import { errorOf, problemIn, serverOf } from './remote.js';

const compress = promisify(gzip);

/** So many versions of each name are listed. */
const SHOWN = 5;

/** The server. Throws UsageError where none is named. */
export async function namedServer(args: Arguments, io: Io): Promise<Server> {
  const server = await serverOf(args, io);
  if (server === undefined) throw new UsageError('Names are kept by a server: give --server URL.');
  return server;
}

/** The JSON of a reply. Throws QuestionError or ServerError for a problem. */
function bodyOf<T>(reply: ServerReply): T {
  if (reply.status !== 200 && reply.status !== 201) throw errorOf(problemIn(reply));
  return JSON.parse(reply.body.toString('utf8')) as T;
}

async function write(args: Arguments, io: Io, value: unknown, text: string): Promise<ExitCode> {
  const json = `${JSON.stringify(value, undefined, 2)}\n`;
  await writeAll(io.stdout, args.has('json') ? (io.stdout.isTTY ? printableJson(json) : json) : text);
  return EXIT.FINE;
}

/** Sends a snapshot under the name of `--send`. Throws UsageError, QuestionError, ServerError. */
export async function sendNamed(args: Arguments, io: Io, snapshot: Buffer): Promise<ExitCode> {
  const server = await namedServer(args, io);
  const name = readName(args.one('send') ?? '');
  const [expect, sender] = [args.one('expect'), args.one('sender')];
  if (expect !== undefined && expect !== 'none' && !isDigest(expect)) {
    throw new UsageError('--expect is a digest, as sha256:…, or none.');
  }
  if (sender !== undefined && !isSender(sender)) throw new UsageError('--sender has 1 to 128 ASCII characters.');
  const query = new URLSearchParams({
    ...(args.has('force') ? { force: 'true' } : {}),
    ...(sender === undefined ? {} : { sender }),
  }).toString();
  const reply = await sendRequest(server, {
    method: 'PUT',
    path: `/v1/snapshots/names/${name}${query === '' ? '' : `?${query}`}`,
    headers: {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      ...(expect === undefined ? {} : expect === 'none' ? { 'if-none-match': '*' } : { 'if-match': `"${expect}"` }),
    },
    body: await compress(snapshot, { level: constants.Z_BEST_SPEED }),
  });
  const kept = bodyOf<NamedAnswer>(reply);
  const said = reply.status === 201 ? `is version ${kept.sequence} of` : 'is the newest version already of';
  return await write(args, io, kept, `${kept.digest} ${said} ${name}. Ask with -s @${name}.\n`);
}

/** Lists the names of the server. Throws as {@link sendNamed}. */
export async function listNames(args: Arguments, io: Io): Promise<ExitCode> {
  const server = await namedServer(args, io);
  const list = bodyOf<{ readonly names: readonly ListedName[] }>(
    await sendRequest(server, { method: 'GET', path: '/v1/snapshots' }),
  );
  const lines = list.names.flatMap(({ name, versions, refused }) => [
    name,
    ...versions.slice(0, SHOWN).map(({ digest, time, confirmed, sender, counts }, index) => {
      const objects = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const seen = confirmed === time ? '' : `, sent again ${confirmed}`;
      return (
        `  ${`@-${index}`.padEnd(5)} ${time}  ${digest.slice(0, 19)}…  ${objects} objects, from ` +
        `${printable(sender)}${seen}`
      );
    }),
    ...(versions.length > SHOWN ? [`  and ${versions.length - SHOWN} older ones: --json`] : []),
    ...(refused === undefined
      ? []
      : [`  refused ${refused.count} times since, last ${refused.time}: ${printable(refused.detail)}`]),
  ]);
  return await write(args, io, list, lines.length === 0 ? 'There are no names.\n' : `${lines.join('\n')}\n`);
}

/** Deletes the name of `--delete`. Throws as {@link sendNamed}. */
export async function deleteNamed(args: Arguments, io: Io): Promise<ExitCode> {
  const server = await namedServer(args, io);
  const name = readName(args.one('delete') ?? '');
  const reply = await sendRequest(server, { method: 'DELETE', path: `/v1/snapshots/names/${name}` });
  const gone = bodyOf<{ readonly versions: number }>(reply);
  return await write(
    args,
    io,
    gone,
    `${name} is gone, with ${gone.versions} version${gone.versions === 1 ? '' : 's'}.\n`,
  );
}
