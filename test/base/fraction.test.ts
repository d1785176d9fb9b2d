import fc from 'fast-check';
import Oracle from 'fraction.js';
import t from 'tap';
import {
  add,
  compare,
  complement,
  divide,
  equals,
  type Fraction,
  formatFraction,
  fraction,
  isOne,
  isZero,
  multiply,
  ONE,
  parseFraction,
  subtract,
  sum,
  toDecimal,
  toNumber,
  ZERO,
} from '../../src/base/fraction.js';
import { runs } from '../support/runs.js';

const big = fc.bigInt({ min: 0n, max: 1n << 80n });
const pair = fc
  .tuple(fc.oneof(big, fc.bigInt({ min: 0n, max: 12n })), fc.oneof(big, fc.bigInt({ min: 0n, max: 12n })))
  .filter(([, d]) => d > 0n);
const same = (ours: Fraction, oracle: Oracle) => ours.n === oracle.n * oracle.s && ours.d === oracle.d;

t.test('the four operations, order and text agree with fraction.js', async (t) => {
  fc.assert(
    fc.property(pair, pair, ([an, ad], [bn, bd]) => {
      const a = fraction(an, ad);
      const b = fraction(bn, bd);
      const x = new Oracle(an, ad);
      const y = new Oracle(bn, bd);
      const order = compare(a, b);
      const [small, large, least, most] = order <= 0 ? [a, b, x, y] : [b, a, y, x];
      return (
        same(a, x) &&
        same(add(a, b), x.add(y)) &&
        same(multiply(a, b), x.mul(y)) &&
        same(subtract(large, small), most.sub(least)) &&
        (bn === 0n || same(divide(a, b), x.div(y))) &&
        Math.sign(order) === Math.sign(x.compare(y)) &&
        equals(a, b) === x.equals(y) &&
        formatFraction(a) === x.toFraction() &&
        isZero(a) === (an === 0n) &&
        isOne(a) === (an === ad)
      );
    }),
    { numRuns: runs(2000) },
  );
  t.pass('no counterexample');
});

t.test('laws of probabilities', async (t) => {
  const chance = pair.map(([n, d]) => (n <= d ? fraction(n, d) : fraction(d, n)));
  fc.assert(
    fc.property(chance, (a) => {
      const rest = complement(a);
      const read = parseFraction(formatFraction(a));
      return isOne(add(a, rest)) && equals(complement(rest), a) && read !== undefined && equals(read, a);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (n) => {
      // The rules of n endpoints: 1/n, 1/(n-1), … of what is left. Every endpoint gets exactly 1/n.
      let left = ONE;
      const shares: Fraction[] = [];
      for (let i = n; i >= 1; i--) {
        shares.push(multiply(left, fraction(1, i)));
        left = multiply(left, complement(fraction(1, i)));
      }
      return isZero(left) && isOne(sum(shares)) && shares.every((share) => equals(share, fraction(1, n)));
    }),
    { numRuns: runs(50) },
  );
  t.same(sum([]), ZERO);
});

t.test('doubles are the nearest, also far beyond what doubles hold', async (t) => {
  fc.assert(
    fc.property(pair, ([n, d]) => {
      const value = toNumber(fraction(n, d));
      // Exact comparison with both neighbours: no double may be nearer.
      const asFraction = (x: number) => {
        let [num, den] = [x, 1n];
        while (!Number.isInteger(num)) {
          num *= 2;
          den *= 2n;
        }
        return [BigInt(num), den] as const;
      };
      const distance = (x: number) => {
        const [xn, xd] = asFraction(x);
        const difference = n * xd - xn * d;
        return [difference < 0n ? -difference : difference, xd * d] as const;
      };
      const step = new Float64Array([value]);
      const raw = new BigInt64Array(step.buffer);
      const neighbour = (by: bigint) => {
        const save = raw[0]!;
        raw[0] = save + by;
        const result = step[0]!;
        raw[0] = save;
        return result;
      };
      const [mineN, mineD] = distance(value);
      const others = value === 0 ? [neighbour(1n)] : [neighbour(1n), neighbour(-1n)];
      return others.every((other) => {
        const [otherN, otherD] = distance(other);
        return mineN * otherD <= otherN * mineD;
      });
    }),
    { numRuns: runs(2000) },
  );
  const huge = 10n ** 400n;
  t.equal(toNumber({ n: huge + 1n, d: 3n * huge }), 1 / 3);
  t.equal(toNumber({ n: 1n, d: huge }), 0, 'smaller than any double');
  t.equal(toNumber({ n: 1n, d: 10n ** 300n }), 1e-300);
  t.equal(toNumber({ n: 10n ** 300n, d: 1n }), 1e300);
  t.equal(toNumber(fraction(3n * 2n ** 1100n + 1n, 2n ** 1101n)), 1.5);
  t.equal(toNumber(ZERO), 0);
  t.equal(toNumber(ONE), 1);
});

t.test('decimals are rounded half up, exactly', async (t) => {
  fc.assert(
    fc.property(pair, fc.integer({ min: 0, max: 30 }), ([n, d], digits) => {
      const text = toDecimal(fraction(n, d), digits);
      const read = new Oracle(BigInt(text.replace('.', '')), 10n ** BigInt(digits));
      const error = read.sub(new Oracle(n, d));
      const half = new Oracle(1n, 2n * 10n ** BigInt(digits));
      return /^\d+(\.\d+)?$/.test(text) && error.compare(half) <= 0 && error.neg().compare(half) < 0;
    }),
    { numRuns: runs(1000) },
  );
  for (const [n, d, digits, expected] of [
    [1, 3, 4, '0.3333'],
    [2, 3, 4, '0.6667'],
    [1, 2, 0, '1'],
    [1, 8, 2, '0.13'],
    [0, 1, 3, '0.000'],
    [1, 1, 2, '1.00'],
    [999, 1000, 2, '1.00'],
    [1, 3, 10, '0.3333333333'],
  ] as const) {
    t.equal(toDecimal(fraction(n, d), digits), expected, `${n}/${d} to ${digits}`);
  }
});

t.test('texts that are not fractions', async (t) => {
  for (const text of ['', '1/0', '-1/2', '1/-2', '0.5', '1/2/3', ' 1', '1 /2', '1e3', 'x', `${'9'.repeat(201)}`]) {
    t.equal(parseFraction(text), undefined, `"${text.slice(0, 10)}"`);
  }
  t.same(parseFraction('4/6'), { n: 2n, d: 3n });
  t.same(parseFraction('007'), { n: 7n, d: 1n });
  t.throws(() => fraction(1, 0), RangeError);
  t.throws(() => fraction(-1, 2), RangeError);
  t.throws(() => subtract(fraction(1, 3), fraction(1, 2)), RangeError);
  t.throws(() => divide(ONE, ZERO), RangeError);
});
