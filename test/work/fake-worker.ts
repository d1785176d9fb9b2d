/**
 * A worker whose questions do on command what real ones do only by accident. `settings.clusterDomain` gives the
 * command; without one it answers how many items the snapshot has.
 */
import { existsSync } from 'node:fs';
import { QuestionError } from '../../src/base/errors.js';
import type { Answer } from '../../src/contract/answers.js';
import { type Engine, worker } from '../../src/work/work.js';
import { heldFile } from './held-file.js';

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

const engine: Engine = {
  answer(_kind, request) {
    const [command, argument = ''] = (request.settings?.clusterDomain ?? '').split('-');
    if (command === 'sleep') pause(Number(argument));
    // Until the test lets it go: no time is guessed.
    while (command === 'hold' && existsSync(heldFile(argument))) pause(5);
    if (command === 'spin') for (;;);
    if (command === 'throw') throw new TypeError('secret content of a snapshot');
    if (command === 'refuse') {
      throw new QuestionError('NOT_FOUND', 'no such thing', [{ pointer: '/path', detail: 'There is no such thing.' }]);
    }
    if (command === 'hoard') {
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(1000).fill(hoard.length));
    }
    const inline = request.snapshot?.inline as { items?: unknown[] } | undefined;
    const answer: Answer = {
      engine: { name: 'kube-whatif', version: '0.1.0' },
      summary: 'What the answer is.',
      snapshot: { digest: `sha256:${'0'.repeat(64)}`, counts: { Node: inline?.items?.length ?? 0 } },
      settings: { filler: command === 'long' ? 'x'.repeat(Number(argument)) : '' },
      changes: [],
      assumptions: [],
      findings: [],
      result: { format: 'RESTORE', parts: [] },
    };
    return answer;
  },
  render: (kind, _answer, form) => `${kind} as ${form}\n`,
};

worker(engine);
