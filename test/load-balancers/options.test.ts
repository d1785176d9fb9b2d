/**
 * What no snapshot shows of a load balancer can be said by options, of every implementation that has the property; and
 * what is not said is an assumption of the answer.
 */
import t from 'tap';
import type { LoadBalancerOptions } from '../../src/cluster/load-balancer-settings.js';
import { LOAD_BALANCERS } from '../../src/cluster/load-balancer-settings.js';
import { implementationNamed } from '../../src/load-balancers/index.js';
import { ask } from '../../src/questions/ask.js';
import { WEB } from '../support/balanced.js';
import { OBSERVE, type Property, type Shown, snapshotOf } from './proof/observe.js';
import { PROVIDERS, type ProviderName } from './proof/providers.js';

const implementationOf = (name: string) => name.replace(/,.*/, '') as (typeof LOAD_BALANCERS)[number];
const reads = (name: string, option: keyof LoadBalancerOptions) =>
  implementationNamed(implementationOf(name)).options.includes(option);

/** The provider's snapshot with options of the request over those that it is shown with. */
function said(name: ProviderName, options: LoadBalancerOptions): Shown {
  const shown: Shown = PROVIDERS[name];
  const before = shown.settings?.loadBalancer?.options;
  return { ...shown, settings: { ...shown.settings, loadBalancer: { options: { ...before, ...options } } } };
}

const see = (property: Property, name: ProviderName, options: LoadBalancerOptions) =>
  OBSERVE[property](said(name, options));
const NAMES = Object.keys(PROVIDERS) as ProviderName[];
const overPods = (name: string) => name.includes('IP targets') || name === 'gke-container-native';

t.test('every implementation has options for what no snapshot shows of it', async (t) => {
  const held = ['metallb-l2', 'kube-vip', 'keepalived', 'cilium-l2', 'generic'];
  const announced = [...held.slice(0, 4), 'metallb-bgp', 'cilium-bgp', 'k3s-servicelb'];
  for (const name of LOAD_BALANCERS) {
    t.ok(reads(name, 'enforcesSourceRanges'), `${name}: whether it enforces source ranges`);
    t.equal(reads(name, 'healthCheck'), !announced.includes(name), `${name}: its health check, unless nobody probes`);
    t.equal(reads(name, 'failOpen'), !announced.includes(name), `${name}: what it does without healthy backends`);
    t.equal(reads(name, 'leader'), held.includes(name), `${name}: who holds its address`);
  }
});

for (const name of NAMES) {
  t.test(name, async (t) => {
    if (reads(name, 'healthCheck')) {
      t.same(see('health check', name, { healthCheck: 'NONE' }), ['NONE', 'NONE']);
      const all = overPods(name) ? OBSERVE.spread(PROVIDERS[name])[1] : see('spread', name, { healthCheck: 'NONE' })[0];
      t.equal(see('spread', name, { healthCheck: 'NONE' })[1], all, 'without a check every backend is in use');
      if (!overPods(name)) {
        t.match(see('health check', name, { healthCheck: 'NODE_PORT' })[0], /^TCP 30080 /);
        t.match(see('health check', name, { healthCheck: 'NODE_HEALTH' })[0], /^HTTP 10256\/healthz /);
      }
    }
    if (reads(name, 'preserveClientAddress')) {
      t.same(see('source', name, { preserveClientAddress: true }), ['kept']);
      t.same(see('source', name, { preserveClientAddress: false }), ['replaced']);
    }
    if (reads(name, 'reply')) {
      t.same(see('reply', name, { reply: 'DIRECT' }), ['DIRECT']);
      t.same(see('reply', name, { reply: 'THROUGH' }), ['THROUGH']);
    }
    if (reads(name, 'failOpen')) {
      const checked = { ...(name.startsWith('octavia') ? { healthCheck: 'NODE_PORT' as const } : {}) };
      const [open = ''] = see('fail mode', name, { ...checked, failOpen: true });
      const [shut = ''] = see('fail mode', name, { ...checked, failOpen: false });
      t.notMatch(open, /NO_BACKENDS/, 'fails open');
      t.match(shut, /NO_BACKENDS/, 'does not fail open');
    }
    if (reads(name, 'leader')) {
      for (const [index, leader] of ['n1', 'n2'].entries()) {
        t.equal(see('spread', name, { leader })[0]?.split(' ')[index], '1', `${leader} holds the address`);
      }
    }
    const ranges = ['198.51.100.0/24'];
    const rangesOf = (options: LoadBalancerOptions) => {
      const shown = said(name, options);
      const question = { services: [WEB], clients: { loadBalancer: {} } };
      const settings = shown.settings === undefined ? {} : { settings: shown.settings };
      const snapshot = snapshotOf(shown, { spec: { ...shown.options?.spec, loadBalancerSourceRanges: ranges } });
      return ask('probability', { ...settings, probability: question }, snapshot).result.services[0]?.loadBalancer
        ?.sourceRanges;
    };
    t.same(rangesOf({ enforcesSourceRanges: true }), ranges, 'enforces source ranges');
    t.equal(rangesOf({ enforcesSourceRanges: false }), undefined, 'does not');
  });
}

t.test('a node that holds the address of an unknown load balancer', async (t) => {
  const leader = { leader: 'n1' };
  t.same(
    see('destination', 'generic', leader),
    OBSERVE.destination(PROVIDERS['kube-vip']),
    'gets packets as they were sent',
  );
  t.same(see('source', 'generic', leader), ['kept']);
  t.same(see('health check', 'generic', leader), ['NONE', 'NONE']);
  t.same(see('spread', 'generic', leader), ['1 0 0', '1 0 0']);
  t.same(see('reply', 'generic', leader), ['DIRECT']);
});

t.test('of an unknown load balancer each property is an assumption until it is said', async (t) => {
  const fields = (options: LoadBalancerOptions) => {
    const shown = said('generic', options);
    const snapshot = snapshotOf(shown, { policy: 'Local', spec: { loadBalancerSourceRanges: ['198.51.100.0/24'] } });
    const settings = shown.settings === undefined ? {} : { settings: shown.settings };
    const question = { services: [WEB], clients: { loadBalancer: { address: '198.51.100.9' } } };
    return ask('probability', { ...settings, probability: question }, snapshot).assumptions.map(({ field }) => field);
  };
  const all = {
    preserveClientAddress: ['loadBalancer.preserveClientAddress', false],
    healthCheck: ['loadBalancer.healthCheck', 'NONE'],
    enforcesSourceRanges: ['loadBalancer.sourceRanges', true],
    reply: ['loadBalancer.reply', 'DIRECT'],
  } as const;
  const plain = fields({});
  for (const [option, [field, value]] of Object.entries(all)) {
    t.ok(plain.includes(field), `${field} is assumed`);
    t.notOk(fields({ [option]: value }).includes(field), `${option} says it`);
  }
  t.ok(plain.includes('loadBalancer.spread'));
  t.ok(plain.includes('loadBalancer.implementation default/web'), 'that it is not known which it is');
});
