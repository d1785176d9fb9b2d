/** Texts come out of the store in the order that is asked for, whatever characters they have. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { decodeUtf8 } from '#platform';
import { TextBuffer } from '../../src/proxy/text-buffer.js';
import { TextStore } from '../../src/proxy/text-store.js';
import { runs } from '../support/runs.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('x'.repeat(70_000), 'ü'.repeat(70_000), '', '€'),
);

t.test('texts in any order, and each as often as wanted', async () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (texts, picks) => {
      const store = new TextStore();
      const numbers = texts.map((one) => store.add(one));
      const order = texts.length === 0 ? [] : picks.map((pick) => pick % texts.length);
      const expected = order.map((at) => texts[at]).join('');
      assert.equal(decodeUtf8(store.inOrder(order.map((at) => numbers[at] as number))), expected);
    }),
    { numRuns: runs(200) },
  );
});

t.test('a buffer keeps what was written, in order', async () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), (texts) => {
      const buffer = new TextBuffer();
      for (const one of texts) buffer.write(one);
      assert.equal(Buffer.concat(buffer.pieces()).toString('utf8'), texts.join(''));
    }),
    { numRuns: runs(200) },
  );
});
