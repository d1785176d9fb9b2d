import fc from 'fast-check';
import t from 'tap';
import type { Pod } from '../../src/cluster/objects.js';
import { PodAddresses } from '../../src/control-plane/pod-addresses.js';
import { milliValue, parseQuantity, wholeValue } from '../../src/control-plane/quantity.js';
import { cluster, node, pod } from '../changes/fixture.js';

function taken(cidrs: readonly string[], pods: readonly Pod[], count: number, hostNetwork = false) {
  const one = node(0, { cidrs });
  const addresses = new PodAddresses(cluster({ nodes: [one, node(1)], pods }));
  const given = Array.from({ length: count }, () => addresses.allocate(one, hostNetwork));
  return { given, assumed: addresses.assumptions().map(({ field, value }) => [field, value]) };
}

t.test('the lowest free addresses of the pod CIDRs', async (t) => {
  const used = (address: string) => pod(`pod-${address}`, 'node-1', address);
  t.same(taken(['10.0.0.0/24'], [], 2).given, [['10.0.0.2'], ['10.0.0.3']], 'not the network, not the gateway');
  t.same(
    taken(['10.0.0.0/24'], [used('10.0.0.2'), used('10.0.0.4')], 2).given,
    [['10.0.0.3'], ['10.0.0.5']],
    'gaps are filled',
  );
  t.same(taken(['10.0.0.0/24', 'fd00::/64'], [], 2).given, [
    ['10.0.0.2', 'fd00::2'],
    ['10.0.0.3', 'fd00::3'],
  ]);
  t.same(taken(['10.0.0.0/29'], [], 6).given.at(-1), undefined, 'not the broadcast address');
  t.same(taken(['10.0.0.0/29'], [], 5).given.at(-1), ['10.0.0.6']);
  t.same(taken(['10.0.0.0/24'], [], 1, true).given, [['10.128.0.4']], 'the host network has the node address');
  const ended: Pod = { ...used('10.0.0.2'), status: { phase: 'Succeeded', podIP: '10.0.0.2' } };
  t.same(taken(['10.0.0.0/24'], [ended], 1).given, [['10.0.0.2']], 'pods that have ended gave theirs back');
});

t.test('without a usable pod CIDR the next after the highest, and that is reported', async (t) => {
  const used = (address: string, on = 'node-1') => pod(`pod-${address}`, on, address);
  const shown = [['podAddresses', ['node-1']]];
  t.same(taken([], [used('172.16.0.9'), used('172.16.0.3')], 2), {
    given: [['172.16.0.10'], ['172.16.0.11']],
    assumed: shown,
  });
  t.same(
    taken(['10.0.0.0/24'], [used('172.16.0.9')], 1),
    { given: [['172.16.0.10']], assumed: shown },
    'the CNI has ranges of its own',
  );
  t.same(taken([], [used('172.16.0.9', 'node-2')], 1).given, [['172.16.0.10']], 'none here: after the highest of all');
  t.same(taken([], [], 1), { given: [['10.244.0.2']], assumed: shown }, 'none at all');
});

t.test('no address is given twice, nor one that is used', async () => {
  const octet = fc.integer({ min: 1, max: 254 });
  fc.assert(
    fc.property(fc.uniqueArray(octet, { maxLength: 80 }), fc.integer({ min: 1, max: 120 }), (used, count) => {
      const pods = used.map((last) => pod(`pod-${last}`, 'node-1', `10.0.0.${last}`));
      const given = taken(['10.0.0.0/24'], pods, count).given.flatMap((one) => one ?? []);
      const free = 253 - used.filter((last) => last > 1).length;
      return (
        given.length === Math.min(count, free) &&
        new Set(given).size === given.length &&
        given.every((text) => !used.includes(Number(text.split('.')[3])))
      );
    }),
    { seed: 3 },
  );
});

t.test('quantities', async (t) => {
  const cases: [string, number | undefined, number | undefined][] = [
    ['4', 4000, 4],
    ['100m', 100, 1],
    ['1.5', 1500, 2],
    ['0.1', 100, 1],
    ['16374516Ki', 16374516 * 1024 * 1000, 16374516 * 1024],
    ['1Gi', 1073741824000, 1073741824],
    ['2e3', 2_000_000, 2000],
    ['2E3', 2_000_000, 2000],
    ['1E', 1e21, 1e18],
    ['500u', 1, 1],
    ['1n', 1, 1],
    ['-1', -1000, -1],
    ['.5', 500, 1],
    ['5.', 5000, 5],
    ['', undefined, undefined],
    ['1.5.0', undefined, undefined],
    ['1 Gi', undefined, undefined],
    ['abc', undefined, undefined],
  ];
  for (const [text, milli, whole] of cases) {
    t.same([milliValue(text), wholeValue(text)], [milli, whole], JSON.stringify(text));
  }
  t.equal(parseQuantity('1'), 1_000_000_000n);
});
