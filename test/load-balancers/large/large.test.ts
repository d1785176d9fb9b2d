/**
 * Shares of large clusters of three providers, printed with everything that kubectl prints, compared with arithmetic of
 * its own (expected.ts).
 */
import t from 'tap';
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import type { ServiceProbability } from '../../../src/contract/answers.js';
import { ask } from '../../../src/questions/ask.js';
import { expectedOf } from './expected.js';
import { KINDS, listOf, modelOf, type Provider } from './generate.js';

const SEEDS: Readonly<Record<Provider, number>> = { gke: 11, eks: 22, aks: 33 };

const sharesOf = ({ endpoints }: ServiceProbability) =>
  Object.fromEntries(endpoints.map(({ address, share }) => [address, share.fraction]));

for (const [provider, seed] of Object.entries(SEEDS) as [Provider, number][]) {
  t.test(`${provider}: every share of every Service`, async (t) => {
    const model = modelOf(provider, seed);
    const snapshot = readSnapshot({ bytes: Buffer.from(JSON.stringify(listOf(model), undefined, 4)) });
    const { result } = ask('probability', { probability: { clients: { loadBalancer: {} } } }, snapshot);
    const byName = new Map(result.services.map((one) => [`${one.service.namespace}/${one.service.name}`, one]));
    t.equal(byName.size, model.services.length, 'every Service has a load balancer');
    for (const service of model.services) {
      const name = `${service.namespace}/${service.name}`;
      const found = byName.get(name);
      const { shares, delivered } = expectedOf(model, service);
      const wanted = Object.fromEntries([...shares].map(([address, share]) => [address, share.toString()]));
      const label = `${name}: ${service.kind}, ${service.policy}, ${service.pods.length} pods`;
      const given = found === undefined ? {} : sharesOf(found);
      const got = Object.fromEntries(Object.entries(given).filter(([, share]) => share !== '0'));
      t.same(Object.entries(got).sort(), Object.entries(wanted).sort(), label);
      const reached = found?.verdicts.find(({ verdict }) => verdict === 'DELIVERED')?.share.fraction ?? '0';
      t.equal(reached, delivered.toString(), `${label}: delivered`);
    }
    const kinds = new Set(model.services.map(({ kind, policy }) => `${kind} ${policy}`));
    t.equal(kinds.size, KINDS[provider].length * 2, 'every kind under both policies');
  });
}
