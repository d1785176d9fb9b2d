/** The questions as the transport sees them: snapshot read, question answered, answer written. */
import { readSnapshot, type SnapshotFile } from '../cluster/read-snapshot.js';
import { ask } from '../questions/ask.js';
import { readGiven } from '../questions/held.js';
import { QUESTIONS } from '../questions/registry.js';
import { readAfterFiles } from '../questions/what-if/after-snapshot.js';
import { render } from '../reports/render.js';
import type { Part } from './multipart.js';
import type { Engine } from './work.js';

function filesOf(parts: readonly Part[]): readonly SnapshotFile[] {
  return parts.map(({ bytes, fileName }) => (fileName === undefined ? { bytes } : { bytes, name: fileName }));
}

export const engine: Engine = {
  answer(kind, request, { files, after, byDigest }) {
    const snapshot =
      files.length === 0 ? readGiven(request.snapshot, byDigest) : readSnapshot({ files: filesOf(files) });
    return ask(kind, request, snapshot, after.length === 0 ? undefined : readAfterFiles(filesOf(after)), byDigest);
  },
  answerInParts(kind, request, { files, byDigest }, give) {
    const { inParts } = QUESTIONS[kind];
    if (inParts === undefined || files.length > 0) return undefined;
    const parts = inParts(request, readGiven(request.snapshot, byDigest));
    for (;;) {
      const next = parts.next();
      if (next.done) return next.value;
      give(next.value);
    }
  },
  render,
};
