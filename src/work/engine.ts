/** The questions as the transport sees them: snapshot read, question answered, answer written. */
import { readSnapshot, type SnapshotFile } from '../cluster/read-snapshot.js';
import { ask } from '../questions/ask.js';
import { readGiven } from '../questions/held.js';
import { readAfterFiles } from '../questions/what-if/after-snapshot.js';
import { render } from '../reports/render.js';
import type { Part } from './multipart.js';
import type { Engine } from './work.js';

function filesOf(parts: readonly Part[]): readonly SnapshotFile[] {
  return parts.map(({ bytes, fileName }) => (fileName === undefined ? { bytes } : { bytes, name: fileName }));
}

export const engine: Engine = {
  answer(kind, request, source) {
    const { byDigest } = source;
    if ('files' in source) {
      const after = source.after.length === 0 ? undefined : readAfterFiles(filesOf(source.after));
      return ask(kind, request, readSnapshot({ files: filesOf(source.files) }), after, byDigest);
    }
    return ask(kind, request, readGiven(source.request.snapshot, byDigest), undefined, byDigest);
  },
  render,
};
