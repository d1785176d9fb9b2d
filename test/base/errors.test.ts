/** The table of errors, its documentation and the contract hold each other complete. */
import { readdirSync, readFileSync } from 'node:fs';
import { status as grpcStatus } from '@grpc/grpc-js';
import t from 'tap';
import { ERROR_CODES, SERVICE_CODES } from '../../src/base/errors.js';

const TABLE: Readonly<Record<string, { readonly status: number; readonly grpc: string; readonly title: string }>> = {
  ...ERROR_CODES,
  ...SERVICE_CODES,
};

t.test('docs/errors.md has a row for each code, and none beside', async (t) => {
  const rows = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(\w+)` \| (\d+) \| (\w+) \| (.+) \|$/gm)];
  t.strictSame(
    rows.map(([, code, http, grpc, sentence]) => [code, Number(http), grpc, sentence]),
    Object.entries(TABLE).map(([code, { status, grpc, title }]) => [code, status, grpc, title]),
  );
});

t.test('every code has a status that HTTP and gRPC know', async (t) => {
  for (const [code, { status, grpc }] of Object.entries(TABLE)) {
    t.ok(status >= 400 && status < 600, code);
    t.ok(grpc in grpcStatus && grpc !== 'OK' && grpc !== 'UNKNOWN', `${code}: ${grpc}`);
  }
});

t.test('every code is one that something is refused with', async (t) => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'base/errors.ts' && !file.startsWith('messages/gen/'))
    .map((file) => readFileSync(`src/${file}`, 'utf8'));
  for (const code of Object.keys(TABLE)) {
    t.ok(
      sources.some((text) => text.includes(`'${code}'`)),
      code,
    );
  }
});
