/** The engine in a worker of this browser: nothing leaves the page. */
import type { Call, Reply } from '../worker/messages.js';
import { contentOf } from './digest.js';
import { type Engine, type Form, Refused, type SnapshotFile } from './engine.js';
import type { Body, HeldSnapshot, Kind } from './types.js';

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

async function bytesOf({ file }: SnapshotFile): Promise<Uint8Array> {
  const stream = await contentOf(file);
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/** Omit of each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Starts the worker. It answers one call after the other. */
export function browser(): Engine {
  const worker = new Worker(new URL('../worker/engine.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  const holding = new Set<string>();
  let last = 0;
  worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    waiting.get(data.id)?.resolve(data);
    waiting.delete(data.id);
  });
  worker.addEventListener('error', () => {
    for (const { reject } of waiting.values())
      reject(new Error('The engine in this page has stopped. Reload the page.'));
    waiting.clear();
  });
  const call = (what: Without<Call, 'id'>, given: Transferable[] = []): Promise<Reply> =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ ...what, id: last }, given);
    });
  return {
    where: 'BROWSER',
    async ask(kind: Kind, body: Body, form: Form): Promise<string> {
      const reply = await call({ does: 'ask', kind, body, form });
      if ('text' in reply) return reply.text;
      throw 'problem' in reply ? new Refused(reply.problem) : new Error('The engine answered something else.');
    },
    async hold(
      digest: string,
      files: readonly SnapshotFile[],
      progress: (part: number) => void,
    ): Promise<HeldSnapshot> {
      const read: { name: string; bytes: Uint8Array }[] = [];
      for (const file of files) {
        read.push({ name: file.name, bytes: await bytesOf(file) });
        progress((0.9 * read.length) / files.length);
      }
      const reply = await call(
        { does: 'hold', digest, files: read },
        read.map(({ bytes }) => bytes.buffer as ArrayBuffer),
      );
      progress(1);
      if ('held' in reply) {
        holding.add(digest);
        return reply.held;
      }
      throw 'problem' in reply ? new Refused(reply.problem) : new Error('The engine answered something else.');
    },
    holds: async (digest: string) => holding.has(digest),
    names: async () => [],
  };
}
