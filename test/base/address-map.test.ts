import fc from 'fast-check';
import t from 'tap';
import { canonicalAddress, parseAddress, plainIPv4 } from '../../src/base/address.js';
import { AddressMap } from '../../src/base/address-map.js';
import { runs } from '../support/runs.js';

const octet = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 260 }));
const dotted = fc.array(octet, { minLength: 4, maxLength: 4 }).map((octets) => octets.join('.'));
const spelledOtherwise = fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `010.0.${a}.0${b}`);
const text = fc.oneof(
  { weight: 6, arbitrary: dotted },
  spelledOtherwise,
  fc.ipV6(),
  fc.constantFrom(
    '',
    '0.0.0.0',
    '255.255.255.255',
    'None',
    '1.2.3',
    '1.2.3.4.5',
    '1..2.3',
    '1.2.3.4 ',
    '::ffff:1.2.3.4',
  ),
);

t.test('the map holds what a Map of texts holds', async (t) => {
  const step = fc.record({ text, value: fc.nat(), isNew: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.array(text, { maxLength: 20 }), (steps, asked) => {
      const [own, plain] = [new AddressMap<number>(), new Map<string, number>()];
      for (const { text, value, isNew } of steps) {
        if (isNew) own.setNew(text, value);
        else own.set(text, value);
        if (!isNew || !plain.has(text)) plain.set(text, value);
      }
      t.equal(own.size, plain.size);
      for (const one of [...asked, ...plain.keys()]) {
        t.equal(own.get(one), plain.get(one), one);
        t.equal(own.has(one), plain.has(one), one);
      }
    }),
    { numRuns: runs(100) },
  );
});

t.test('the map holds many addresses', async (t) => {
  const map = new AddressMap<number>();
  const at = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  for (let index = 0; index < 100_000; index++) map.set(at(index), index);
  let wrong = 0;
  for (let index = 0; index < 100_000; index++) if (map.get(at(index)) !== index) wrong++;
  t.equal(wrong, 0);
  t.equal(map.size, 100_000);
  t.equal(map.has(at(100_000)), false);
});

t.test('addresses that are chosen to fall together do not make it slow', async (t) => {
  // Multiples of the inverse of what spreads them, were they spread by 2^32 divided by the golden ratio alone.
  let inverse = 1;
  for (let step = 0; step < 5; step++) inverse = Math.imul(inverse, 2 - Math.imul(inverse, 0x9e3779b1));
  const map = new AddressMap<number>();
  const count = 300_000;
  for (let index = 1; index <= count; index++) {
    const bits = Math.imul(inverse, index);
    map.set(`${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`, index);
  }
  t.equal(map.size, count);
});

t.test('a canonical IPv4 address is known by its text', async (t) => {
  for (const [given, bits] of [
    ['0.0.0.0', 0],
    ['0.0.0.1', 1],
    ['10.0.0.10', 0x0a00000a],
    ['255.255.255.255', -1],
    ['128.0.0.1', 0x80000001 | 0],
    ['10.0.0.010', 0],
    ['00.0.0.1', 0],
    ['10.0.0.256', 0],
    ['10.0.0', 0],
    ['10.0.0.', 0],
    ['10.0.0.1.1', 0],
    ['::ffff:10.0.0.1', 0],
    ['', 0],
  ] as const)
    t.equal(plainIPv4(given), bits, given);
  fc.assert(
    fc.property(text, (given) => {
      const address = parseAddress(given);
      const isPlain = address?.family === 'IPv4' && address.text === given;
      t.equal(plainIPv4(given), isPlain ? Number(address.bits) | 0 : 0, given);
      t.equal(canonicalAddress(given), address?.text ?? given);
    }),
    { numRuns: runs(500) },
  );
});
