/** The fields of timeline. */
import { ENUMS } from '../contract/gen/types.js';
import { readScaled } from '../words/read-targets.js';
import { oneOf, readPair, readWhole } from '../words/read-values.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { type Fields, field, numberOf, podCount } from './field-parts.js';
import { readJsonOption } from './input-files.js';

const HAPPENINGS = ['scale-to', 'rollout', 'node-fails', 'node-drained', 'zone-fails', 'happens'] as const;

/** The change that a timeline is about. Throws UsageError where options say none, or several. */
async function happening(args: Arguments): Promise<unknown> {
  const given = HAPPENINGS.filter((name) => args.has(name));
  if (given.length > 1) throw new UsageError(`--${given.join(' and --')} both say what happens: give one of them.`);
  const [name] = given;
  if (name === undefined) {
    if (args.has('request')) return undefined;
    throw new UsageError(`Say what happens: --${HAPPENINGS.join(', --')}. See kube-whatif timeline --help.`);
  }
  const text = args.one(name) as string;
  switch (name) {
    case 'scale-to': {
      const [workload, replicas] = readPair('--scale-to', text, 'WORKLOAD=REPLICAS');
      return { scale: { ...readScaled('--scale-to', workload), replicas: readWhole('--scale-to', replicas) } };
    }
    case 'rollout':
      return {
        rollout: {
          ...readScaled('--rollout', text),
          ...podCount(args, 'max-surge', 'maxSurge'),
          ...podCount(args, 'max-unavailable', 'maxUnavailable'),
        },
      };
    case 'node-fails':
      return { node: { name: text, action: 'FAIL' } };
    case 'node-drained':
      return { node: { name: text, action: 'DRAIN' } };
    case 'zone-fails':
      return { zone: { name: text, action: 'FAIL' } };
    case 'happens':
      return await readJsonOption('--happens', text);
  }
}

const TIMES = ['ready', 'rules', 'detect', 'evict', 'balancer', 'preStop', 'grace'] as const;

/**
 * The fields of timeline; `shares`: those of the question about shares. Throws UsageError for options that do not fit.
 */
export async function timelineFields(args: Arguments, shares: Fields): Promise<Fields> {
  const change = await happening(args);
  const { traffic: sent, ...rest } = shares;
  const law = args.one('lifetime-law');
  const mean = numberOf(args, 'lifetime');
  // The mean belongs to the law, unless traffic needs it to tell how many connections are open.
  const { lifetimeSeconds: _, ...others } = (sent ?? {}) as Fields;
  const opens = args.has('connections-per-second') || args.has('requests-per-connection');
  const kept = opens ? (sent as Fields | undefined) : Object.keys(others).length === 0 ? undefined : others;
  const word = law === undefined ? undefined : oneOf('--lifetime-law', law, ENUMS['TimelineQuestion.lifetime.law']);
  const lifetime =
    word === undefined && mean === undefined
      ? undefined
      : {
          law: word ?? 'EXPONENTIAL',
          ...field('seconds', word === 'FOREVER' ? undefined : mean),
          ...field('jitter', numberOf(args, 'jitter', true)),
        };
  const times = args.all('time').map((text) => {
    const [given, value] = readPair('--time', text, 'NAME=SECONDS');
    const name = TIMES.find((one) => one.toLowerCase() === given.replaceAll('-', '').toLowerCase());
    if (name === undefined) throw new UsageError(`--time takes ${TIMES.join(', ')}, not ${given}.`);
    if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(value)) throw new UsageError(`--time ${given} needs seconds, not "${value}".`);
    return [name, Number(value)] as const;
  });
  const asked = { ...rest, ...(kept === undefined ? {} : { traffic: kept }) };
  return {
    ...field('change', change),
    ...(Object.keys(asked).length === 0 ? {} : { probability: asked }),
    ...field('lifetime', lifetime),
    ...(times.length === 0 ? {} : { times: Object.fromEntries(times) }),
    ...field('within', numberOf(args, 'within', true)),
  };
}
