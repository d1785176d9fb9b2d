import t from 'tap';
import { gateEnabled } from '../../src/proxy/feature-gates.js';
import { oneIn } from '../../src/proxy/iptables/rule-parts.js';
import { iptablesTraits } from '../../src/proxy/iptables/versions.js';
import { hashedNames } from '../../src/proxy/name-hash.js';

t.test('chain names end with the base32 of a hash', async (t) => {
  // Of `namespace/name:port`, protocol and endpoint, as real nodes show them.
  for (const [text, hash] of [
    ['default/nginx-svctcp', 'HL5LMXD5JFHQZ6LN'],
    ['default/nginx-svctcp192.168.0.6:80', '7EX3YM24AF6XH4A3'],
    ['ns1/svc1:p80tcp', 'XPGD46QRK7WJZT7O'],
    ['ns1/svc1:p80tcp10.180.0.1:80', 'SXIVWICOYRO3J4NJ'],
    ['default/kubernetes:httpstcp', 'NPX46M4PTMTKRN6Y'],
  ] as const) {
    t.equal(hashedNames('KUBE-SVC-')(text), `KUBE-SVC-${hash}`, text);
  }
});

/** 1/m with ten decimals, rounded half to even on the exact value of the double, as Go does. */
function goDecimals(m: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, 1 / m);
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n) - 1075;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  // mantissa × 2^exponent × 10^10 as a fraction over a power of two.
  const shift = BigInt(-exponent);
  const scaled = mantissa * 10_000_000_000n;
  let units = scaled >> shift;
  const rest = scaled & ((1n << shift) - 1n);
  const half = 1n << (shift - 1n);
  if (rest > half || (rest === half && (units & 1n) === 1n)) units++;
  return `${units / 10_000_000_000n}.${(units % 10_000_000_000n).toString().padStart(10, '0')}`;
}

t.test('chances are printed as Go prints them', async (t) => {
  const wrong = Array.from({ length: 20_000 }, (_, i) => i + 2).filter((m) => oneIn(m).probability !== goDecimals(m));
  t.same(wrong, []);
  t.equal(oneIn(2048).probability, '0.0004882812', 'an exact half goes to the even digit');
  t.equal(oneIn(3).probability, '0.3333333333');
  t.equal(oneIn(6).probability, '0.1666666667');
  t.equal(oneIn(3).nominal, 3);
});

t.test('feature gates follow the version unless they are set', async (t) => {
  const on = (minor: number, gate: Parameters<typeof gateEnabled>[2], set: Record<string, boolean> = {}) =>
    gateEnabled({ major: 1, minor, patch: 0 }, set, gate);
  t.same(
    [21, 22].map((minor) => on(minor, 'ServiceInternalTrafficPolicy')),
    [false, true],
  );
  t.same(
    [25, 26].map((minor) => on(minor, 'ProxyTerminatingEndpoints')),
    [false, true],
  );
  t.equal(on(23, 'TopologyAwareHints', { TopologyAwareHints: true }), true, 'set');
  t.equal(on(27, 'ServiceInternalTrafficPolicy', { ServiceInternalTrafficPolicy: false }), true, 'locked since 1.26');
  t.equal(on(32, 'PreferSameTrafficDistribution', { PreferSameTrafficDistribution: true }), false, 'not known yet');
});

t.test('every version has traits', async (t) => {
  for (let minor = 18; minor <= 40; minor++) {
    t.equal(Object.values(iptablesTraits({ major: 1, minor, patch: 0 })).includes(undefined as never), false);
  }
  t.equal(iptablesTraits({ major: 1, minor: 22, patch: 0 }).masqueradeRulesIn, 'SERVICE_CHAIN');
  t.equal(iptablesTraits({ major: 1, minor: 21, patch: 9 }).masqueradeRulesIn, 'DISPATCH_CHAIN');
});
