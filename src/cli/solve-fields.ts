/** The fields of solve. */
import { ENUMS } from '../contract/gen/types.js';
import { readScaled } from '../words/read-targets.js';
import { oneOf, readPair } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { type Fields, field, list, podCount, readNumber, whole } from './field-parts.js';

const COST_NAMES = ['imbalance', 'crossZoneShare', 'crossZoneGigabyte', 'clientAddressLost'] as const;

/** The fields of solve; `asked`: those of the question about shares. Throws UsageError for options that do not fit. */
export function solveFields(args: Arguments, asked: Fields): Fields {
  const workload = args.one('workload');
  const found = args.all('find');
  const finds = found.length === 0 && !args.has('request') ? ['replicas'] : found;
  const wants = finds.map((text) => oneOf('--find', text, ['replicas', 'policy', 'placement', 'rollout'] as const));
  const policies = (text: string) => oneOf('--policy', text, ENUMS['SolvedPolicy.best']);
  const costs = args.all('cost').map((text) => {
    const [given, value] = readPair('--cost', text, 'NAME=PRICE');
    const name = COST_NAMES.find((one) => one.toLowerCase() === given.replaceAll('-', '').toLowerCase());
    if (name === undefined)
      throw new UsageError(
        `--cost takes imbalance, cross-zone-share, cross-zone-gigabyte or client-address-lost, not ${given}.`,
      );
    return [name, readNumber(`--cost ${given}`, value)] as const;
  });
  const policy = args.one('policy');
  const parts: Readonly<Record<(typeof wants)[number], Fields>> = {
    replicas: {
      ...whole(args, 'most', 'most'),
      ...list('without', args.all('without'), (text) =>
        oneOf('--without', text, ENUMS['SolveQuestion.replicas.without']),
      ),
    },
    policy: {
      ...list('candidates', args.all('candidate'), policies),
      ...(costs.length === 0 ? {} : { costs: Object.fromEntries(costs) }),
    },
    placement: {
      ...whole(args, 'replicas', 'replicas'),
      ...field('policy', policy === undefined ? undefined : policies(policy)),
    },
    rollout: podCount(args, 'max-surge', 'maxSurge'),
  };
  return {
    ...field('scale', workload === undefined ? undefined : readScaled('--workload', workload)),
    ...Object.fromEntries(wants.map((name) => [name, parts[name]])),
    ...(Object.keys(asked).length === 0 ? {} : { probability: asked }),
  };
}
