import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import {
  addressFamily,
  addressOf,
  addressWidth,
  cidrContains,
  formatAddress,
  joinHostPort,
  makeAddress,
  makeCidr,
  networkOf,
  parseAddress,
  parseCidr,
} from '../../src/base/address.js';
import { runs } from '../support/runs.js';

const v4Bits = fc.bigInt({ min: 0n, max: 0xffffffffn });
const v6Bits = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  // Addresses with runs of zero groups, where the short forms differ.
  fc
    .array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    })
    .map((groups) => groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n)),
);

function bytesOf(bits: bigint, width: number): number[] {
  return Array.from({ length: width / 8 }, (_, i) => Number((bits >> BigInt(width - 8 - 8 * i)) & 0xffn));
}

const isMapped = (bits: bigint) => bits >> 32n === 0xffffn;

t.test('an address that is canonical keeps its text, another one gets it', async (t) => {
  for (const [text, canonical] of [
    ['10.0.0.10', '10.0.0.10'],
    ['10.0.0.010', '10.0.0.10'],
    ['0.0.0.0', '0.0.0.0'],
    ['00.0.0.0', '0.0.0.0'],
    ['10.0.0.00', '10.0.0.0'],
    ['100.200.30.0', '100.200.30.0'],
  ] as const) {
    t.equal(parseAddress(text)?.text, canonical, text);
  }
});

t.test('addresses are printed and read as ipaddr.js does (RFC 5952)', async (t) => {
  fc.assert(
    fc.property(v4Bits, (bits) => {
      const text = formatAddress('IPv4', bits);
      const read = parseAddress(text);
      return text === ipaddr.fromByteArray(bytesOf(bits, 32)).toString() && read?.bits === bits && read.text === text;
    }),
  );
  fc.assert(
    fc.property(v6Bits, (bits) => {
      const oracle = ipaddr.fromByteArray(bytesOf(bits, 128)) as ipaddr.IPv6;
      const text = formatAddress('IPv6', bits);
      if (text !== oracle.toRFC5952String()) return false;
      const spellings = [
        text,
        oracle.toNormalizedString(),
        oracle.parts.map((part) => part.toString(16).padStart(4, '0')).join(':'),
        text.toUpperCase(),
      ];
      return spellings.every((spelling) => {
        const read = parseAddress(spelling);
        const expected = isMapped(bits) ? makeAddress('IPv4', bits & 0xffffffffn) : makeAddress('IPv6', bits);
        return read?.family === expected.family && read.bits === expected.bits && read.text === expected.text;
      });
    }),
    { numRuns: runs(1000) },
  );
  t.pass('no counterexample');
});

t.test('a text that ipaddr.js does not read is refused here too, and the other way round', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom(
      ':',
      '::',
      '.',
      '',
      '0',
      '1',
      'ffff',
      'g',
      '255',
      '256',
      '00',
      '12345',
      '/',
      '%eth0',
      ' ',
      '-1',
      '1.2.3.4',
    ),
    fc.integer({ min: 0, max: 300 }).map(String),
  );
  const noise = fc.array(piece, { minLength: 1, maxLength: 16 }).map((pieces) => pieces.join(''));
  const mutated = fc.tuple(v6Bits, fc.nat(40), fc.nat(2), piece).map(([bits, at, cut, added]) => {
    const text = formatAddress('IPv6', bits);
    return text.slice(0, at) + added + text.slice(at + cut);
  });
  fc.assert(
    fc.property(fc.oneof(noise, mutated), (text) => {
      // ipaddr.js reads zones, octal, hexadecimal and short IPv4 forms and reads more text than an address; Go does
      // not.
      const oracle = text.includes(':')
        ? ipaddr.IPv6.isValid(text) && !text.includes('%') && text.length <= 45
        : ipaddr.IPv4.isValidFourPartDecimal(text);
      const leadingZeros = /(^|[.:])0+\d+(?=\.|$)/.test(text) || /(^|:)0*[0-9a-f]{5,}(:|$)/i.test(text);
      const read = parseAddress(text);
      if (addressFamily(text) !== read?.family) return false;
      return leadingZeros || (read !== undefined) === oracle;
    }),
    { numRuns: runs(20000) },
  );
  t.pass('no counterexample');
});

t.test('addresses by example', async (t) => {
  for (const [text, expected] of [
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.010', '10.0.0.10'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::', '::'],
    ['1::', '1::'],
    ['::8:7:6:5:4:3:2', '0:8:7:6:5:4:3:2'],
  ] as const) {
    t.equal(parseAddress(text)?.text, expected, text);
    t.equal(addressOf(text)?.text, expected, `${text}, remembered`);
    t.equal(addressOf(text)?.text, expected, `${text}, again`);
  }
  for (const text of [
    '',
    ' ',
    '10.0.0',
    '10.0.0.1.2',
    '10.0.0.256',
    '10.0.0.',
    '.10.0.0',
    '1..2.3',
    '10.0.0.1 ',
    '1.2.3.4::',
    '1.2.3.4::1',
    '::1.2.3.4:5',
    ':',
    ':::',
    '1:::2',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    ':1',
    '1:',
    '::12345',
    '::g',
    'fe80::1%eth0',
    '[::1]',
    '1:2:3:4:5:6:7:1.2.3.4',
    '10.0.0.1/8',
    'localhost',
    '0x7f.0.0.1',
    '１.2.3.4',
  ]) {
    t.equal(parseAddress(text), undefined, `no address: "${text}"`);
    t.equal(addressFamily(text), undefined, `no family: "${text}"`);
    t.equal(addressOf(text), undefined);
    t.equal(addressOf(text), undefined, 'also when remembered');
  }
});

t.test('networks hold what ipaddr.js says they hold', async (t) => {
  for (const [family, bits] of [
    ['IPv4', v4Bits],
    ['IPv6', v6Bits.filter((value) => !isMapped(value))],
  ] as const) {
    const width = addressWidth(family);
    fc.assert(
      fc.property(bits, fc.integer({ min: 0, max: width }), bits, fc.boolean(), (network, length, other, near) => {
        const cidr = makeCidr(family, network, length);
        // Half of the addresses are near the network, where membership is decided by its last bits.
        const bitsAsked = near ? network ^ (other >> BigInt(Math.max(0, Math.min(length - 1, width)))) : other;
        if (family === 'IPv6' && isMapped(bitsAsked)) return true;
        const address = makeAddress(family, bitsAsked);
        const oracle = (ipaddr.parse(address.text) as ipaddr.IPv6).match(
          ipaddr.parse(formatAddress(family, network)) as ipaddr.IPv6,
          length,
        );
        const text = `${formatAddress(family, network)}/${length}`;
        const read = parseCidr(text);
        return (
          cidrContains(cidr, address) === oracle &&
          read?.text === cidr.text &&
          read.bits === cidr.bits &&
          parseCidr(cidr.text)?.text === cidr.text &&
          networkOf(text)?.text === cidr.text
        );
      }),
      { numRuns: runs(500) },
    );
  }
  t.equal(cidrContains(makeCidr('IPv4', 0n, 0), makeAddress('IPv6', 0n)), false, 'families never mix');
});

t.test('CIDRs by example', async (t) => {
  for (const [text, expected] of [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['203.0.113.7/025', '203.0.113.0/25'],
    ['2001:db8::1/64', '2001:db8::/64'],
    ['::/0', '::/0'],
    ['::ffff:10.1.0.0/104', '10.0.0.0/8'],
    ['::ffff:10.1.0.0/64', '::/64'],
  ] as const) {
    t.equal(parseCidr(text)?.text, expected, text);
  }
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8 ',
    '/8',
    '10.0.0.0/8/8',
    '::ffff:10.0.0.0/129',
    '10.0.0.0/1e1',
  ]) {
    t.equal(parseCidr(text), undefined, `no CIDR: "${text}"`);
  }
  t.equal(networkOf('10.0.0.7')?.text, '10.0.0.7/32', 'an address stands for its own network');
  t.equal(networkOf('2001:db8::7')?.text, '2001:db8::7/128');
  t.equal(networkOf('primary'), undefined);
  t.equal(joinHostPort('10.0.0.1', 80), '10.0.0.1:80');
  t.equal(joinHostPort('2001:db8::1', '80'), '[2001:db8::1]:80');
});
