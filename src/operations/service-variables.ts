/** The variables of the service, in the order of the documentation, which is made of this table. */
import { availableParallelism } from 'node:os';
import { MAX_BODY_LIMIT } from '../work/work-options.js';
import { TOKEN, TOKEN_SHAPE } from './tokens-file.js';
import { bytes, count, seconds, text, type Variable, word } from './variables.js';

const MIB = 1024 * 1024;

// One core is left to the event loop; large questions are rare and take long.
const cores = availableParallelism();
const threads = String(Math.min(Math.max(cores - 1, 1), 8));
const largeThreads = String(Math.min(Math.max(cores >> 1, 1), 4));

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
    kind: { type: 'list', item: TOKEN, items: TOKEN_SHAPE },
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
  {
    name: 'TLS_CERT_FILE',
    kind: text,
    fallback: '',
    does: 'The certificate chain, PEM: HTTP and gRPC are then TLS only.',
  },
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
      'How many requests a minute each credential may send, or each address where no credentials are set; 0: no ' +
      'limit. Up to a tenth of them at once, at least one.',
  },
  {
    name: 'TRUST_PROXY',
    kind: { type: 'list', item: ADDRESS, items: 'addresses or CIDRs' },
    fallback: '',
    does: "Proxies, by address or CIDR, whose `X-Forwarded-For` has a client's address.",
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

export type VariableName = (typeof VARIABLES)[number]['name'];
