/**
 * What an operator sets by environment variables: one table, which is also the documentation's. Values are checked
 * before anything starts, all of them at once.
 */
import { availableParallelism } from 'node:os';
import { MAX_BODY_LIMIT, type WorkOptions } from '../work/work-options.js';
import type { Token } from './credentials.js';

/** How a variable's text is read. */
type Kind =
  | { readonly type: 'text' }
  /** Text of at least so many characters, which is never shown. */
  | { readonly type: 'secret'; readonly least: number }
  | {
      readonly type: 'whole';
      readonly least: number;
      readonly most: number;
      readonly unit: string;
      /** A word that may stand instead of a number. */
      readonly word?: string;
    }
  | { readonly type: 'seconds'; readonly least: number; readonly most: number }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | { readonly type: 'list'; readonly item: RegExp; readonly items: string }
  | { readonly type: 'url'; readonly protocols: readonly string[] };

export interface Variable {
  readonly name: string;
  readonly kind: Kind;
  /** What holds when it is not set, as it would be written. Empty: nothing. */
  readonly fallback: string;
  /** What it does, as a sentence. */
  readonly does: string;
  /** Never shown. */
  readonly secret?: true;
}

const MIB = 1024 * 1024;
const text: Kind = { type: 'text' };
const bytes = (least: number, most = Number.MAX_SAFE_INTEGER): Kind => ({ type: 'whole', least, most, unit: 'bytes' });
const count = (least: number, most: number, unit: string): Kind => ({ type: 'whole', least, most, unit });
const seconds = (least: number, most: number): Kind => ({ type: 'seconds', least, most });
const word = (...words: readonly string[]): Kind => ({ type: 'word', words });

// One core is left to the event loop; large questions are rare and take long.
const cores = availableParallelism();
const threads = String(Math.min(Math.max(cores - 1, 1), 8));
const largeThreads = String(Math.min(Math.max(cores >> 1, 1), 4));

/** RFC 6750's b64token, long enough not to be guessed. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,512}=*$/;

/** An address or CIDR, roughly: the server's own parser says what is wrong with it. */
const ADDRESS = /^[0-9A-Fa-f.:]+(\/[0-9]{1,3})?$/;

/** An origin as browsers send it (RFC 6454): scheme and host, the port where it is not the scheme's; no path. */
const ORIGIN = /^(\*|https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?)$/;

/** Every variable, in the order of the documentation. */
export const VARIABLES = [
  { name: 'HOST', kind: text, fallback: '127.0.0.1', does: 'The address to listen on; `0.0.0.0` or `::` for all.' },
  { name: 'PORT', kind: count(0, 65535, ''), fallback: '8080', does: 'The port for HTTP; 0 takes a free one.' },
  {
    name: 'GRPC_PORT',
    kind: { type: 'whole', least: 0, most: 65535, unit: 'port', word: 'off' },
    fallback: '9090',
    does: 'The port for gRPC; 0 takes a free one, `off` is without gRPC.',
  },
  {
    name: 'BODY_LIMIT',
    kind: bytes(1, MAX_BODY_LIMIT),
    fallback: String(256 * MIB),
    does: 'The largest request, after inflating. Never more than the longest string that the JavaScript engine holds.',
  },
  {
    name: 'BUFFER_LIMIT',
    kind: bytes(1),
    fallback: String(1024 * MIB),
    does:
      'What all requests in memory may take together; beyond it they are turned away with 503. At least ' +
      '`BODY_LIMIT`.',
  },
  {
    name: 'TIME_LIMIT',
    kind: seconds(1, 3600),
    fallback: '60',
    does: 'How long a question may wait and be worked on together.',
  },
  {
    name: 'BODY_TIMEOUT',
    kind: seconds(1, 3600),
    fallback: '30',
    does: 'How long a client may send nothing while its request is read.',
  },
  {
    name: 'SMALL_THREADS',
    kind: count(1, 256, 'threads'),
    fallback: threads,
    does: 'Threads for requests under 1 MiB. Default: one fewer than there are processors, at most 8.',
  },
  {
    name: 'SMALL_QUEUE',
    kind: count(0, 100_000, 'requests'),
    fallback: '256',
    does: 'How many of them may wait; further ones are turned away with 503.',
  },
  {
    name: 'SMALL_MEMORY',
    kind: count(16, 1_000_000, 'MiB'),
    fallback: '1024',
    does: 'The heap of each such thread.',
  },
  {
    name: 'LARGE_THREADS',
    kind: count(1, 256, 'threads'),
    fallback: largeThreads,
    does: 'Threads for larger requests. Default: half as many as there are processors, at most 4.',
  },
  { name: 'LARGE_QUEUE', kind: count(0, 100_000, 'requests'), fallback: '8', does: 'How many of them may wait.' },
  {
    name: 'LARGE_MEMORY',
    kind: count(16, 1_000_000, 'MiB'),
    fallback: '4096',
    does: 'The heap of each such thread.',
  },
  {
    name: 'HELD_THREADS',
    kind: count(1, 256, 'threads'),
    fallback: threads,
    does: 'Threads for questions about held snapshots. Default: one fewer than there are processors, at most 8.',
  },
  { name: 'HELD_QUEUE', kind: count(0, 100_000, 'requests'), fallback: '256', does: 'How many of them may wait.' },
  {
    name: 'HELD_MEMORY',
    kind: count(16, 1_000_000, 'MiB'),
    fallback: '4096',
    does: 'The heap of each such thread; a twelfth of it is the bytes of snapshots that it keeps parsed.',
  },
  {
    name: 'SNAPSHOT_MEMORY',
    kind: bytes(0),
    fallback: String(512 * MIB),
    does: 'What held snapshots may take in memory; the one used longest ago makes room. 0 holds none.',
  },
  {
    name: 'SNAPSHOT_IDLE',
    kind: seconds(1, 30 * 86_400),
    fallback: '3600',
    does: 'How long a snapshot is held that nobody asks about.',
  },
  {
    name: 'NAMED_MEMORY',
    kind: bytes(0),
    fallback: String(256 * MIB),
    does:
      'What snapshots under names may take in memory, compressed, without a shared store. Versions that are ' +
      'not the newest of their name make room; without any more of them, further snapshots are refused.',
  },
  {
    name: 'SNAPSHOT_VERSIONS',
    kind: count(1, 10_000, 'versions'),
    fallback: '300',
    does: 'How many versions are kept of each name.',
  },
  {
    name: 'SNAPSHOT_NAMES',
    kind: count(1, 10_000, 'names'),
    fallback: '100',
    does: 'How many names each credential may have.',
  },
  {
    name: 'SNAPSHOT_KEEP',
    kind: seconds(1, 365 * 86_400),
    fallback: '604800',
    does:
      'How long a version of a name is kept after it was last sent. The newest one stays longer, until nobody ' +
      'with this credential has sent or asked about a name for so long.',
  },
  {
    name: 'SNAPSHOT_STORE',
    kind: { type: 'url', protocols: ['redis:', 'rediss:'] },
    fallback: '',
    secret: true,
    does:
      'A Valkey or Redis that replicas share, `redis://user:password@host:6379/0` (`rediss://` with TLS): ' +
      'whichever replica is asked has the snapshot.',
  },
  {
    name: 'STORE_TIMEOUT',
    kind: seconds(1, 60),
    fallback: '2',
    does:
      'How long the store may take to be reached, and for each of its answers; for all that one snapshot ' +
      'needs, three times as long. Then it counts as unreachable until it answers again.',
  },
  {
    name: 'STORE_LIMIT',
    kind: bytes(1),
    fallback: String(256 * MIB),
    does: 'The largest snapshot that is put into the store, compressed.',
  },
  {
    name: 'STORE_KEY',
    kind: { type: 'secret', least: 32 },
    fallback: '',
    secret: true,
    does:
      "A secret of at least 32 characters, the same for all replicas: the store's keys show owners of " +
      'snapshots only as HMACs under it. With another one, what is stored is not found and clients send it ' +
      'again.',
  },
  {
    name: 'STORE_ENCRYPTION',
    kind: word('on', 'off'),
    fallback: 'off',
    does: '`on`: stored snapshots are encrypted (AES-256-GCM) with a key made from `STORE_KEY`.',
  },
  {
    name: 'TOKENS',
    kind: { type: 'list', item: TOKEN, items: '16 to 512 of A-Z a-z 0-9 . _ ~ + / - (and = at the end)' },
    fallback: '',
    secret: true,
    does: 'Bearer tokens, separated by commas or blanks: only requests with one of them are answered.',
  },
  {
    name: 'TOKENS_FILE',
    kind: text,
    fallback: '',
    does:
      'A file of such tokens, one a line; lines that begin with `#` are comments. `NAME TOKEN`: tokens ' +
      'with the same name see the same held snapshots.',
  },
  {
    name: 'GRPC_CONNECTION_AGE',
    kind: seconds(0, 86_400),
    fallback: '0',
    does:
      'After how long a gRPC connection is ended, once its calls are done, so that clients connect anew and ' +
      'find replicas that were added; a tenth more or less. 0: never.',
  },
  { name: 'TLS_CERT_FILE', kind: text, fallback: '', does: 'The certificate chain, PEM: both doors speak TLS only.' },
  { name: 'TLS_KEY_FILE', kind: text, fallback: '', does: "The certificate's private key, PEM." },
  {
    name: 'TLS_CLIENT_CA_FILE',
    kind: text,
    fallback: '',
    does: 'Authorities, PEM: only clients with a certificate of theirs may connect (mutual TLS).',
  },
  { name: 'TLS_MIN_VERSION', kind: word('1.2', '1.3'), fallback: '1.2', does: 'The oldest TLS version spoken.' },
  {
    name: 'RELOAD_INTERVAL',
    kind: seconds(0, 86_400),
    fallback: '10',
    does:
      'How often the files of tokens and certificates are looked at; what changed is used at once, without a ' +
      'restart. 0: they are read at start alone.',
  },
  {
    name: 'RATE_LIMIT',
    kind: count(0, 1_000_000, 'requests a minute'),
    fallback: '0',
    does:
      'How many requests a minute each credential may send, or each address where there are none; 0: any ' +
      'number. Up to a tenth of them at once, at least one.',
  },
  {
    name: 'TRUST_PROXY',
    kind: { type: 'list', item: ADDRESS, items: 'addresses or CIDRs' },
    fallback: '',
    does: "Proxies, by address or CIDR, whose `X-Forwarded-For` tells a client's address.",
  },
  {
    name: 'CORS_ORIGINS',
    kind: { type: 'list', item: ORIGIN, items: 'origins such as https://grafana.example.com, or *' },
    fallback: '',
    does: 'Web pages, by origin, whose scripts may ask; `*` for all. Not set: none, as browsers have it.',
  },
  {
    name: 'METRICS',
    kind: word('on', 'open', 'off'),
    fallback: 'on',
    does: '`/metrics`: `on` needs a token where questions do, `open` never does, `off` is not there.',
  },
  {
    name: 'METRICS_SERVICES',
    kind: count(1, 10_000, 'Services'),
    fallback: '100',
    does:
      'How many Services of each name have series of their own in `/metrics/clusters`, worst first; the ' +
      'others are one together.',
  },
  {
    name: 'UI',
    kind: word('on', 'off'),
    fallback: 'on',
    does: 'The explorer, a page at `/` for browsers; `off` leaves it out. It needs no token itself; what it asks does.',
  },
  {
    name: 'LOG_LEVEL',
    kind: word('silent', 'error', 'warn', 'info', 'debug'),
    fallback: 'info',
    does:
      'What is logged to standard error, as one JSON object a line: `info` has a line for each request, ' +
      '`warn` for what needs attention.',
  },
  {
    name: 'DRAIN_DELAY',
    kind: seconds(0, 600),
    fallback: '0',
    does:
      'After SIGTERM, how long new connections are still taken while `/readyz` says 503, so that balancers ' +
      'notice first.',
  },
  {
    name: 'DRAIN_TIMEOUT',
    kind: seconds(1, 3600),
    fallback: '30',
    does: 'After that, how long requests under way may take to finish; then the process ends without them.',
  },
] as const satisfies readonly Variable[];

type VariableName = (typeof VARIABLES)[number]['name'];

type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown for settings that cannot be: a sentence for each. */
export class SettingsError extends RangeError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number | undefined;
  readonly work: Required<Omit<WorkOptions, 'workerFile' | 'threadsOnDemand'>>;
  /** Milliseconds, as are all durations. */
  readonly bodyTimeout: number;
  readonly snapshotMemory: number;
  readonly snapshotIdle: number;
  readonly metricsServices: number;
  /**
   * Snapshots under names: bytes in memory, versions of each, names of each credential, milliseconds that a version is
   * kept.
   */
  readonly named: {
    readonly memory: number;
    readonly versions: number;
    readonly names: number;
    readonly keep: number;
  };
  readonly store:
    | {
        readonly url: string;
        readonly timeout: number;
        readonly limit: number;
        readonly key?: string | undefined;
        readonly encrypt?: boolean;
      }
    | undefined;
  readonly tokens: readonly string[];
  readonly tokensFile: string | undefined;
  readonly tls: TlsFiles | undefined;
  /** How often files of tokens and certificates are looked at; 0: never again. */
  readonly reloadInterval: number;
  /** How long a gRPC connection lasts; 0: any time. */
  readonly grpcConnectionAge: number;
  /** Requests a minute; 0: any number. */
  readonly rateLimit: number;
  readonly trustProxy: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly metrics: 'on' | 'open' | 'off';
  readonly ui: 'on' | 'off';
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly drainDelay: number;
  readonly drainTimeout: number;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  readonly minVersion: '1.2' | '1.3';
}

function numberProblem(name: string, value: string, least: number, most: number, unit: string): string | undefined {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least && number <= most) return undefined;
  return (
    `${name} must be a whole number${unit && ` of ${unit}`} from ${least} to ${most}, not ` +
    `${JSON.stringify(value)}.`
  );
}

function urlProblem(name: string, value: string, protocols: readonly string[]): string | undefined {
  let protocol = '';
  try {
    ({ protocol } = new URL(value));
  } catch {
    // Reported below: the value itself may hold a password.
  }
  if (protocols.includes(protocol)) return undefined;
  return `${name} must be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}.`;
}

/** The items of a list, which commas or blanks separate. */
function itemsOf(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((item) => item !== '');
}

/** What is wrong with a value, as a sentence; undefined when nothing is. Never shows a secret. */
function problemOf({ name, kind }: Variable, value: string): string | undefined {
  switch (kind.type) {
    case 'text':
      return value.includes('\0') ? `${name} must not hold a NUL character.` : undefined;
    case 'secret':
      return value.length >= kind.least ? undefined : `${name} must have at least ${kind.least} characters.`;
    case 'whole':
      return value === kind.word ? undefined : numberProblem(name, value, kind.least, kind.most, kind.unit);
    case 'seconds':
      return numberProblem(name, value, kind.least, kind.most, 'seconds');
    case 'word':
      if (kind.words.includes(value)) return undefined;
      return `${name} must be one of ${kind.words.join(', ')}, not ${JSON.stringify(value)}.`;
    case 'url':
      return urlProblem(name, value, kind.protocols);
    case 'list': {
      const wrong = itemsOf(value).findIndex((item) => !kind.item.test(item));
      return wrong < 0 ? undefined : `${name}: item ${wrong + 1} must be ${kind.items}.`;
    }
  }
}

/** Where variables must agree with each other. */
function contradictions(value: (name: VariableName) => string): readonly string[] {
  const problems: string[] = [];
  if (Number(value('BUFFER_LIMIT')) < Number(value('BODY_LIMIT'))) {
    problems.push('BUFFER_LIMIT must be at least BODY_LIMIT: no request of that size could be read.');
  }
  if (value('STORE_ENCRYPTION') === 'on' && value('STORE_KEY') === '') {
    problems.push('STORE_ENCRYPTION needs STORE_KEY.');
  }
  const [cert, key, ca] = (['TLS_CERT_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE'] as const).map(value);
  if ((cert === '') !== (key === '')) problems.push('TLS_CERT_FILE and TLS_KEY_FILE must be set together.');
  else if (ca !== '' && cert === '') problems.push('TLS_CLIENT_CA_FILE needs TLS_CERT_FILE and TLS_KEY_FILE.');
  return problems;
}

/** The text that holds for each variable; an empty one counts as not set. */
function textsOf(env: Environment): (name: VariableName) => string {
  const fallbacks = new Map<string, string>(VARIABLES.map(({ name, fallback }) => [name, fallback]));
  return (name) => {
    const given = env[name] || undefined;
    // A larger BODY_LIMIT takes its buffer along.
    if (given === undefined && name === 'BUFFER_LIMIT' && env.BODY_LIMIT) {
      return String(Math.max(1024 * MIB, 2 * Number(env.BODY_LIMIT)));
    }
    return given ?? fallbacks.get(name) ?? '';
  };
}

/** Reads the settings. Throws SettingsError that tells everything that is wrong. */
export function readSettings(env: Environment): Settings {
  const value = textsOf(env);
  const problems = VARIABLES.flatMap((variable: Variable) => {
    const given = env[variable.name];
    return given === undefined || given === '' ? [] : (problemOf(variable, given) ?? []);
  });
  if (problems.length === 0) problems.push(...contradictions(value));
  if (problems.length > 0) throw new SettingsError(problems);
  const number = (name: VariableName) => Number(value(name));
  const milliseconds = (name: VariableName) => 1000 * number(name);
  const file = (name: VariableName) => value(name) || undefined;
  const lane = (name: 'SMALL' | 'LARGE' | 'HELD') => ({
    threads: number(`${name}_THREADS`),
    queueLimit: number(`${name}_QUEUE`),
    memory: number(`${name}_MEMORY`),
  });
  const [cert, key, url] = [file('TLS_CERT_FILE'), file('TLS_KEY_FILE'), file('SNAPSHOT_STORE')];
  return {
    host: value('HOST'),
    port: number('PORT'),
    grpcPort: value('GRPC_PORT') === 'off' ? undefined : number('GRPC_PORT'),
    work: {
      bodyLimit: number('BODY_LIMIT'),
      bufferLimit: number('BUFFER_LIMIT'),
      timeLimit: milliseconds('TIME_LIMIT'),
      small: lane('SMALL'),
      large: lane('LARGE'),
      held: lane('HELD'),
    },
    bodyTimeout: milliseconds('BODY_TIMEOUT'),
    snapshotMemory: number('SNAPSHOT_MEMORY'),
    snapshotIdle: milliseconds('SNAPSHOT_IDLE'),
    named: {
      memory: number('NAMED_MEMORY'),
      versions: number('SNAPSHOT_VERSIONS'),
      names: number('SNAPSHOT_NAMES'),
      keep: milliseconds('SNAPSHOT_KEEP'),
    },
    store:
      url === undefined
        ? undefined
        : {
            url,
            timeout: milliseconds('STORE_TIMEOUT'),
            limit: number('STORE_LIMIT'),
            key: file('STORE_KEY'),
            encrypt: value('STORE_ENCRYPTION') === 'on',
          },
    tokens: itemsOf(value('TOKENS')),
    tokensFile: file('TOKENS_FILE'),
    tls:
      cert === undefined || key === undefined
        ? undefined
        : { cert, key, clientCa: file('TLS_CLIENT_CA_FILE'), minVersion: value('TLS_MIN_VERSION') as '1.2' | '1.3' },
    reloadInterval: milliseconds('RELOAD_INTERVAL'),
    grpcConnectionAge: milliseconds('GRPC_CONNECTION_AGE'),
    rateLimit: number('RATE_LIMIT'),
    trustProxy: itemsOf(value('TRUST_PROXY')),
    corsOrigins: itemsOf(value('CORS_ORIGINS')),
    metrics: value('METRICS') as Settings['metrics'],
    metricsServices: number('METRICS_SERVICES'),
    ui: value('UI') as Settings['ui'],
    logLevel: value('LOG_LEVEL') as Settings['logLevel'],
    drainDelay: milliseconds('DRAIN_DELAY'),
    drainTimeout: milliseconds('DRAIN_TIMEOUT'),
  };
}

/** The name that tokens share. */
const OWNER = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

/**
 * The tokens in the text of a TOKENS_FILE: `TOKEN` or `NAME TOKEN` on each line. Throws SettingsError that names the
 * line, never its text.
 */
export function readTokens(content: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    const [token = '', owner] = words.reverse();
    if (token === '' || line.trim().startsWith('#')) continue;
    const fault = (text: string) => new SettingsError([`TOKENS_FILE ${file}, line ${index + 1}: ${text}`]);
    if (!TOKEN.test(token) || words.length > 2) {
      throw fault(
        'a token must be 16 to 512 of A-Z a-z 0-9 . _ ~ + / - (and = at the end), with at most one name before it.',
      );
    }
    if (owner === undefined) tokens.push({ token });
    else if (OWNER.test(owner)) tokens.push({ token, owner });
    else throw fault('a name must be 1 to 63 of A-Z a-z 0-9 . _ @ -, and begin with a letter or a digit.');
  }
  // An empty file must not open the service to everybody.
  if (tokens.length === 0) throw new SettingsError([`TOKENS_FILE ${file} holds no token.`]);
  return tokens;
}

/** What holds for every variable, for the log: secrets are hidden, of a URL all but its scheme. */
export function shownSettings(env: Environment): Readonly<Record<string, string>> {
  const value = textsOf(env);
  return Object.fromEntries(
    VARIABLES.map((variable: Variable) => {
      const shown = value(variable.name as VariableName);
      return [variable.name, variable.secret === true && shown !== '' ? '(hidden)' : shown];
    }),
  );
}
