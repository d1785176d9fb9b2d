/**
 * The variables of the environment: what each may be, what is reported when it is not, and where that is documented.
 */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { Credentials } from '../../src/operations/credentials.js';
import { RateLimit } from '../../src/operations/rate-limit.js';
import { identify, traceIdOf } from '../../src/operations/request-id.js';
import { readSettings, shownSettings } from '../../src/operations/service-settings.js';
import { VARIABLES } from '../../src/operations/service-variables.js';
import { readTokens } from '../../src/operations/tokens-file.js';
import { SettingsError } from '../../src/operations/variables.js';

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

t.test('the defaults hold, and empty counts as not set', async (tt) => {
  tt.same(readSettings(Object.fromEntries(VARIABLES.map(({ name }) => [name, '']))), readSettings({}));
  const settings = readSettings({});
  tt.match(settings, { host: '127.0.0.1', port: 8080, grpcPort: 9090, tls: undefined, tokens: [], rateLimit: 0 });
  tt.equal(settings.work.timeLimit, 60_000, 'durations are milliseconds within');
  tt.equal(readSettings({ BODY_LIMIT: '500000000' }).work.bufferLimit, 1024 ** 3);
  tt.equal(readSettings({ BODY_LIMIT: '536870888' }).work.bufferLimit, 1024 ** 3);
});

t.test('what cannot be is reported by name, all at once, and secrets are not', async (tt) => {
  const table: readonly (readonly [Readonly<Record<string, string>>, readonly RegExp[]])[] = [
    [{ PORT: '80a' }, [/^PORT must be a whole number from 0 to 65535, not "80a"\.$/]],
    [{ PORT: '65536' }, [/^PORT .* not "65536"/]],
    [
      { PORT: '-1', BODY_LIMIT: '1e9', TIME_LIMIT: '0' },
      [/^PORT/, /^BODY_LIMIT .*from 1 to 536870888/, /^TIME_LIMIT .*seconds/],
    ],
    [{ BODY_LIMIT: '256MB' }, [/^BODY_LIMIT/]],
    [{ BODY_LIMIT: '2000', BUFFER_LIMIT: '1000' }, [/^BUFFER_LIMIT must be at least BODY_LIMIT/]],
    [{ SMALL_THREADS: '0' }, [/^SMALL_THREADS .* threads from 1 to 256/]],
    [{ LOG_LEVEL: 'verbose' }, [/^LOG_LEVEL must be one of silent, error, warn, info, debug, not "verbose"\.$/]],
    [{ METRICS: 'yes' }, [/^METRICS must be one of on, open, off/]],
    [{ TLS_CERT_FILE: 'a.pem' }, [/must be set together/]],
    [{ TLS_KEY_FILE: 'a.pem' }, [/must be set together/]],
    [{ TLS_CLIENT_CA_FILE: 'a.pem' }, [/TLS_CLIENT_CA_FILE needs/]],
    [{ TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'b', TLS_MIN_VERSION: '1.1' }, [/^TLS_MIN_VERSION/]],
    [
      { SNAPSHOT_STORE: 'http://user:hunter2@host' },
      [/^SNAPSHOT_STORE must be a URL that begins with redis:\/\/ or rediss:\/\/\.$/],
    ],
    [{ SNAPSHOT_STORE: 'hunter2' }, [/^SNAPSHOT_STORE must be/]],
    [{ TOKENS: 'long-enough-a-token,hunter2' }, [/^TOKENS: item 2 must be 16 to 512 of/]],
    [{ TRUST_PROXY: '10.0.0.0/8,proxy' }, [/^TRUST_PROXY: item 2/]],
    [{ CORS_ORIGINS: 'https://a.example https://b.example/path' }, [/^CORS_ORIGINS: item 2 must be origins such as/]],
    [{ CORS_ORIGINS: 'grafana.example' }, [/^CORS_ORIGINS: item 1/]],
    [{ HOST: 'a\0b' }, [/^HOST must not/]],
  ];
  for (const [env, expected] of table) {
    const problems = problemsOf(env);
    tt.equal(problems.length, expected.length, JSON.stringify(env));
    for (const [index, pattern] of expected.entries()) tt.match(problems[index], pattern);
    tt.notMatch(problems.join(), /hunter2/);
  }
});

t.test('secrets are hidden where settings are shown', async (tt) => {
  const shown = shownSettings({
    SNAPSHOT_STORE: 'redis://user:hunter2@host:6379',
    TOKENS: 'hunter2-hunter2-hunter2',
    PORT: '81',
  });
  tt.match(shown, { SNAPSHOT_STORE: '(hidden)', TOKENS: '(hidden)', PORT: '81', HOST: '127.0.0.1' });
  tt.same(
    Object.keys(shown),
    VARIABLES.map(({ name }) => name),
  );
  tt.notMatch(JSON.stringify(shown), /hunter2/);
});

t.test('a file of tokens', async (tt) => {
  const [a, b] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb=='] as const;
  tt.same(readTokens(`# comment\r\n  ${a}  \n\nteam-a\t${b}`, 'f'), [{ token: a }, { token: b, owner: 'team-a' }]);
  tt.throws(() => readTokens(`one two ${a}`, 'f'), /line 1: a token must be .*, with at most one name before it/);
  tt.throws(() => readTokens(`-x ${a}`, 'f'), /line 1: a name must be 1 to 63/);
  tt.throws(() => readTokens(`${a}\nhunter2`, 'f'), /TOKENS_FILE f, line 2: a token must be 16 to 512/);
  tt.throws(() => readTokens('# none yet\n', 'f'), /holds no token/, 'nobody is let in by an empty file');
});

t.test('credentials tell owners apart', async (tt) => {
  const [a, b] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as const;
  const ownerOf = (credentials: Credentials, header?: string, fingerprint?: string) => {
    const verdict = credentials.check(header, fingerprint);
    return 'owner' in verdict ? verdict.owner : verdict.problem.code;
  };
  const none = new Credentials([]);
  tt.equal(ownerOf(none), 'anonymous');
  tt.equal(ownerOf(none, `Bearer ${a}`), 'anonymous', 'a token that nobody asked for is no credential');
  const some = new Credentials([a, b]);
  const owners = [
    ownerOf(some, `Bearer ${a}`),
    ownerOf(some, `Bearer ${b}`),
    ownerOf(some, `Bearer ${a}`, '01:02'),
    ownerOf(none, undefined, '01:02'),
    ownerOf(none, undefined, '01:03'),
  ];
  tt.equal(new Set(owners).size, owners.length);
  tt.equal(ownerOf(some, `bearer   ${a} `), owners[0]);
  tt.notMatch(owners.join(), /aaaa/, 'the token itself goes nowhere');
  const shared = new Credentials([{ token: a, owner: 'team' }, { token: b, owner: 'team' }, { token: `${a}c` }]);
  tt.equal(ownerOf(shared, `Bearer ${a}`), ownerOf(shared, `Bearer ${b}`), 'a name is shared');
  tt.not(ownerOf(shared, `Bearer ${a}`), ownerOf(shared, `Bearer ${a}c`));
  shared.replace([{ token: `${b}d`, owner: 'team' }]);
  tt.equal(ownerOf(shared, `Bearer ${b}d`), ownerOf(new Credentials([{ token: a, owner: 'team' }]), `Bearer ${a}`));
  tt.equal(ownerOf(shared, `Bearer ${a}`), 'UNAUTHENTICATED', 'what was replaced is not accepted');
  tt.throws(() => shared.replace([]), RangeError, 'nobody opens the service by taking all tokens away');
  for (const header of [undefined, '', a, `Bearer ${a}${a}`, 'Bearer ', `Bearer ${a} ${b}`, 'Bearer \u00e9']) {
    tt.equal(ownerOf(some, header), 'UNAUTHENTICATED', String(header));
  }
});

t.test('a rate limit fills evenly, and up to a tenth comes at once', async (tt) => {
  let now = 0;
  const limit = new RateLimit(60, () => now);
  const taken = (key: string, times: number) =>
    Array.from({ length: times }, () => limit.take(key) === undefined).filter(Boolean).length;
  tt.equal(taken('a', 20), 6);
  tt.equal(taken('b', 3), 3);
  now += 2000;
  tt.equal(taken('a', 20), 2, 'one a second');
  tt.equal(limit.take('a')?.headers?.['retry-after'], '1');
  now += 3_600_000;
  tt.equal(taken('a', 20), 6, 'never more than the bucket holds');
  let through = 0;
  for (let i = 0; i < 6000; i++) {
    now += 10;
    if (limit.take('c') === undefined) through++;
  }
  tt.ok(through >= 60 && through <= 66, `${through} within a minute, and what the bucket held`);
  const slow = new RateLimit(1, () => now);
  tt.equal(slow.take('a'), undefined);
  tt.equal(slow.take('a')?.headers?.['retry-after'], '60');
  tt.equal(new RateLimit(0).take('a'), undefined);
});

t.test('identifiers of requests', async (tt) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const valid = `00-${trace}-00f067aa0ba902b7-01`;
  tt.same(identify('abc-1', valid), { requestId: 'abc-1', traceId: trace });
  tt.same(identify(undefined, valid), { requestId: trace, traceId: trace });
  for (const bad of ['', 'a b', 'a\nb', '"', '{}', 'x'.repeat(129), 'é']) {
    tt.match(identify(bad, undefined).requestId, /^[0-9a-f-]{36}$/, JSON.stringify(bad));
  }
  const table: readonly (readonly [string, boolean])[] = [
    [valid, true],
    [`01-${trace}-00f067aa0ba902b7-01-more`, true],
    [`00-${trace}-00f067aa0ba902b7-01-more`, false],
    [`ff-${trace}-00f067aa0ba902b7-01`, false],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, false],
    [`00-${trace}-${'0'.repeat(16)}-01`, false],
    [`00-${trace.toUpperCase()}-00f067aa0ba902b7-01`, false],
    ['', false],
  ];
  for (const [text, ok] of table) tt.equal(traceIdOf(text) !== undefined, ok, text);
});

t.test('docs/operations.md has a row for every variable, and no other', async (tt) => {
  tt.ok(existsSync('docs/operations.md'));
  const rows = readFileSync('docs/operations.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+` \|/.test(line));
  const cores = new Set(['SMALL_THREADS', 'LARGE_THREADS', 'HELD_THREADS']);
  tt.same(
    rows,
    VARIABLES.map(({ name, fallback, does }) => {
      // These depend on the machine; the sentence says how.
      const shown = cores.has(name) || fallback === '' ? '' : `\`${fallback}\``;
      return `| \`${name}\` | ${shown} | ${does} |`;
    }),
  );
});
