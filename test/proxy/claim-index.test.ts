import t from 'tap';
import { ClaimIndex } from '../../src/proxy/claim-index.js';
import type { ServicePort } from '../../src/proxy/service-port.js';

/** A Service port with the fields that an index reads. `read` is called each time the id is read. */
function portOf(service: string, port: number, protocol = 'TCP', read = () => {}): ServicePort {
  return {
    service,
    get id() {
      read();
      return service;
    },
    port,
    protocol,
  } as unknown as ServicePort;
}

const indexOf = (ports: readonly ServicePort[], keysOf: (port: ServicePort) => readonly string[], base?: ClaimIndex) =>
  new ClaimIndex(new Map(ports.map((port) => [`${port.service}:${port.port}`, [port]])), keysOf, base);

const toOne = () => ['10.96.0.1'];

t.test('claims of one key are in the order of Service ports, each once', async (t) => {
  const ports = ['c', 'a', 'b'].map((service, index) => portOf(service, 80 + index));
  const index = indexOf(ports, () => ['10.96.0.1', '10.96.0.1', '10.96.0.2']);
  for (const key of ['10.96.0.1', '10.96.0.2', '10.96.0.1'])
    t.same(
      index.get(key).map(({ service }) => service),
      ['a', 'b', 'c'],
    );
  t.same(index.get('10.96.0.3'), []);
});

t.test('very many claims of one key are compared as often as sorting them once takes', async (t) => {
  let reads = 0;
  const count = 2000;
  const ports = Array.from({ length: count }, (_, index) =>
    portOf(`s${(index * 7919) % count}`, index, 'TCP', () => {
      reads++;
    }),
  );
  const index = indexOf(ports, toOne);
  const names = index.get('10.96.0.1').map(({ service }) => service);
  t.same(names, [...names].sort());
  t.equal(names.length, count);
  index.get('10.96.0.1');
  t.ok(reads < 8 * count * Math.log2(count), `${reads} reads`);
});

t.test('rivals are ports of one number and protocol', async (t) => {
  const cases: readonly [string, readonly ServicePort[], boolean][] = [
    ['none', [portOf('a', 80)], false],
    ['other numbers', [portOf('a', 80), portOf('b', 81)], false],
    ['other protocols', [portOf('a', 53), portOf('b', 53, 'UDP')], false],
    ['one number', [portOf('a', 80), portOf('b', 81), portOf('c', 80)], true],
    // So many are not compared.
    ['very many', Array.from({ length: 40 }, (_, index) => portOf(`s${index}`, index)), true],
  ];
  for (const [name, ports, expected] of cases) t.equal(indexOf(ports, toOne).mayHaveRivals, expected, name);
  const apart = [portOf('a', 80), portOf('b', 80)];
  t.equal(indexOf(apart, ({ service }) => [service]).mayHaveRivals, false, 'of two addresses');
  const base = indexOf([portOf('a', 80)], toOne);
  t.equal(indexOf([portOf('b', 81)], toOne, base).mayHaveRivals, true, 'of an edited cluster: not looked into');
});
