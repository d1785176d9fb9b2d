/** A second language of rules, as small as one can be: the walk takes it without a change. */
import t from 'tap';
import { fraction, ONE, subtract } from '../../src/base/fraction.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Chain, Rule, Ruleset, Statement } from '../../src/netfilter/ruleset.js';
import { stepsOf } from '../../src/netfilter/walk/steps.js';
import type { WalkEnvironment } from '../../src/netfilter/walk/types.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { TINY, type Tiny } from '../support/tiny-language.js';
import { packetWith } from './support.js';

const rule = (...statements: readonly (Tiny & Statement)[]): Rule => ({ chain: 'all', statements });
const chain: Chain = {
  name: 'all',
  base: { type: 'nat', hook: 'PREROUTING', priority: -100, policy: 'ACCEPT' },
  ordered: true,
  rules: [
    rule({ kind: 'to', address: '10.96.0.1' }, { kind: 'toss', of: 3 }, { kind: 'send', address: '10.244.0.1' }),
    rule({ kind: 'to', address: '10.96.0.1' }, { kind: 'toss', of: 2 }, { kind: 'send', address: '10.244.0.2' }),
    rule({ kind: 'to', address: '10.96.0.1' }, { kind: 'send', address: '10.244.0.3' }),
  ],
};
const ruleset: Ruleset = {
  family: 'IPv4',
  language: TINY,
  tables: [
    { name: 'tiny', chain: (name) => (name === 'all' ? chain : undefined), chains: () => [chain], baseChains: [chain] },
  ],
};
const host: WalkEnvironment = {
  addressType: () => 'UNICAST',
  recentHolds: () => false,
  setHolds: () => undefined,
  masqueradeAddress: () => undefined,
};
const walked = (packet: Packet) => walkHook(ruleset, 'PREROUTING', packet, host);

t.test('the walk splits, translates and says where, in a language that it does not know', async (t) => {
  const outcomes = walked(packetWith({ destination: '10.96.0.1' }));
  t.same(outcomes.map(({ packet }) => packet.destination).sort(), ['10.244.0.1', '10.244.0.2', '10.244.0.3']);
  for (const { chance } of outcomes) t.same(chance.nominal, fraction(1, 3));
  t.same(
    outcomes.reduce((left, { chance }) => subtract(left, chance.nominal), ONE),
    fraction(0),
  );
  for (const { steps } of outcomes) t.match(stepsOf(steps).at(-1), { action: 'DNAT', table: 'tiny', chain: 'all' });
});

t.test('what no rule is about goes on, and an open connection asks no chain of type nat', async (t) => {
  t.match(walked(packetWith({ destination: '10.96.0.2' })), [{ verdict: 'ACCEPT', steps: undefined }]);
  const known = packetWith({
    destination: '10.96.0.1',
    connection: { state: 'ESTABLISHED', dnat: false, snat: false },
  });
  t.match(walked(known), [{ verdict: 'ACCEPT', packet: { destination: '10.96.0.1' } }]);
});
