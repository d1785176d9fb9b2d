/**
 * Random manifests against a real API server and kubectl (`npm run test:apiserver`). RUNS and SEED choose how many and
 * which.
 */
import fc from 'fast-check';
import t from 'tap';
import { difference, NAMESPACE } from './compare.js';
import { randomCase } from './random-manifests.js';
import { missingPrograms, Real } from './real.js';

const missing = missingPrograms();

t.setTimeout(3_600_000);

t.test(
  'random manifests are stored or refused as the API server does',
  { skip: missing ?? false, timeout: 3_600_000 },
  async (t) => {
    const real = await Real.start();
    t.teardown(() => real.stop());
    await real.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await real.call('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
    const seed = Number(process.env.SEED ?? 1);
    let skipped = 0;
    for (const [index, one] of fc.sample(randomCase, { seed, numRuns: Number(process.env.RUNS ?? 60) }).entries()) {
      const found = await difference(real, one).catch((error: unknown) => `fails: ${(error as Error).stack}`);
      if (found === 'skipped') skipped++;
      else {
        const name = `${one.mode} ${String(one.manifest.kind)}, case ${index} of seed ${seed}`;
        if (found !== undefined && process.env.SHOW !== undefined) {
          console.error(
            `${name}: ${found}\n   BEFORE ${one.beforeMode} ${JSON.stringify(one.before)} OTHERS ${JSON.stringify(one.others)}\n   APPLY ${JSON.stringify(one.manifest)}`,
          );
        }
        t.equal(found, undefined, name);
      }
    }
    t.comment(`${skipped} cases skipped: what was to be there before is refused`);
  },
);
