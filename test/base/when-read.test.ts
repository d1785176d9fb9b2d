/** Fields whose values are made when they are read are like others to whoever reads them. */
import t from 'tap';
import { whenRead } from '../../src/base/when-read.js';

t.test('a field is made once, when it is first read', async (t) => {
  let made = 0;
  const object = whenRead({ a: 1 }, 'b', () => ++made);
  t.equal(made, 0);
  t.same(Object.keys(object), ['a', 'b']);
  t.equal(made, 0, 'its name is known before');
  t.equal(object.b, 1);
  t.equal(object.b, 1);
});

t.test('a value that is undefined is kept too', async (t) => {
  let asked = 0;
  const object = whenRead({}, 'b', () => {
    asked++;
    return undefined;
  });
  t.equal(object.b, undefined);
  t.equal(object.b, undefined);
  t.equal(asked, 1);
});

t.test('it is written, copied and compared as a field is', async (t) => {
  const object = whenRead(
    whenRead({ a: 1 }, 'b', () => [2]),
    'c',
    () => 'three',
  );
  t.equal(JSON.stringify(object), '{"a":1,"b":[2],"c":"three"}');
  t.same({ ...object }, { a: 1, b: [2], c: 'three' });
  t.strictSame(structuredClone(object), { a: 1, b: [2], c: 'three' });
});

t.test('objects with a field of one name have values of their own', async (t) => {
  const [one, other] = ['one', 'other'].map((text) => whenRead({}, 'text', () => text));
  t.equal(one?.text, 'one');
  t.equal(other?.text, 'other');
  t.equal(
    Object.getOwnPropertyDescriptor(one, 'text')?.get,
    Object.getOwnPropertyDescriptor(other, 'text')?.get,
    'and share the getter',
  );
});
