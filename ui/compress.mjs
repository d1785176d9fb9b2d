// Puts a gzip and a brotli form beside each file of the built page that is worth it: `node ui/compress.mjs dist/ui`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = join(process.argv[2], 'page');
for (const name of readdirSync(folder)) {
  if (!/\.(js|css|json|svg)$/.test(name)) continue;
  const bytes = readFileSync(join(folder, name));
  if (bytes.length < 1024) continue;
  writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  // The last steps of brotli's quality cost a second for each megabyte.
  const params = { [constants.BROTLI_PARAM_QUALITY]: bytes.length > 500_000 ? 7 : 11 };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }));
}
