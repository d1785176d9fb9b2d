/** The questions as the transport sees them: snapshot read, question answered, answer written. */
import { readSnapshot } from '../cluster/read-snapshot.js';
import { ask } from '../questions/ask.js';
import { render } from '../reports/render.js';
import type { Engine } from './work.js';

export const engine: Engine = {
  answer(kind, request, source) {
    if ('files' in source) {
      const files = source.files.map(({ bytes, fileName }) =>
        fileName === undefined ? { bytes } : { bytes, name: fileName },
      );
      return ask(kind, request, readSnapshot({ files }));
    }
    const { snapshot } = source.request;
    return ask(
      kind,
      request,
      readSnapshot(snapshot?.parts === undefined ? { inline: snapshot?.inline } : { parts: snapshot.parts }),
    );
  },
  render,
};
