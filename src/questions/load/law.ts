/**
 * Which law the loads of a door follow. It is read off the way that its connections take: how each node that they come
 * to chooses (kube-proxy's mode, the scheduler of IPVS, session affinity), and how a load balancer before the nodes
 * does.
 */
import { add, divide, type Fraction, isZero, toNumber, ZERO } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import { whenRead } from '../../base/when-read.js';
import type { Entry, NodeChoice } from '../../capacity/spread.js';
import type { Settings } from '../../cluster/settings.js';
import type { DoorClient } from '../findings/door.js';

type LawKind = 'RANDOM' | 'CLIENTS' | 'IN_TURN' | 'STAGES' | 'UNKNOWN';

export interface Law {
  readonly kind: LawKind;
  /** One sentence: what chooses, and how. */
  readonly why: string;
  /** Whether a client always comes to the same node. */
  readonly clientsKeepEntry: boolean;
  /** Where connections come to, and what is chosen there; pods by their number in `pods`. */
  entries(): readonly Entry[];
  /** `address port` of the pods that entries name. */
  readonly pods: readonly string[];
  /** How many counters there are, where they go in turn. */
  readonly counters: number;
  /** What was taken for granted, in a sentence. */
  readonly assumed?: string;
}

type Choosing = NodeChoice | 'LEAST' | 'HASH';

const IN_TURN: ReadonlySet<string> = new Set(['rr', 'wrr']);
const BY_HASH: ReadonlySet<string> = new Set(['sh', 'mh', 'dh']);

/** How a node's kube-proxy takes an endpoint for a new connection. */
function choiceOf({ proxyOf }: Settings, node: string): Choosing {
  const { mode, ipvsScheduler } = proxyOf(node);
  if (mode !== 'ipvs') return 'RANDOM';
  if (IN_TURN.has(ipvsScheduler)) return 'IN_TURN';
  return BY_HASH.has(ipvsScheduler) ? 'HASH' : 'LEAST';
}

interface Arrivals {
  readonly node: string;
  weight: Fraction;
  readonly pods: Map<string, Fraction>;
}

export const podKey = ({ address, port }: { readonly address: string; readonly port: number | undefined }) =>
  `${address} ${port ?? ''}`;

/** The nodes that delivered connections come to, how many of them, and the pods that each leads to. */
function arrivalsOf(from: readonly DoorClient[]): readonly Arrivals[] {
  const found = new Map<string, Arrivals>();
  const at = (node: string, share: Fraction, pod: string) => {
    const one = remember(found, node, (): Arrivals => ({ node, weight: ZERO, pods: new Map() }));
    one.weight = add(one.weight, share);
    one.pods.set(pod, add(one.pods.get(pod) ?? ZERO, share));
  };
  for (const { client, nodes, outcomes } of from) {
    for (const { verdict, receiver, share, entries } of outcomes) {
      if (verdict !== 'DELIVERED' || receiver === undefined || isZero(share)) continue;
      const own = entries ?? nodes ?? [client.node];
      const part = own.length === 1 ? share : divide(share, { n: BigInt(own.length), d: 1n });
      for (const node of own) at(node, part, podKey(receiver));
    }
  }
  return [...found.values()];
}

const TITLES: Readonly<Record<Choosing, string>> = {
  RANDOM: 'draws an endpoint at random for each connection',
  IN_TURN: 'takes endpoints in turn, with a counter of its own',
  KEPT: 'keeps a client on the endpoint that it got',
  HASH: "takes an endpoint by a hash of the client's address",
  LEAST: 'takes the endpoint with the fewest connections',
};

/** The law of the loads behind a door. `stickySeconds`: the timeout of session affinity, 0 without. */
export function lawOf({
  settings,
  from,
  stickySeconds,
}: {
  readonly settings: Settings;
  readonly from: readonly DoorClient[];
  readonly stickySeconds: number;
}): Law {
  const through = from.find(({ client }) => client.through !== undefined)?.client.through;
  const toPods = through?.balancer.backends.members.some(({ kind }) => kind === 'POD') ?? false;
  const byAddress = through?.balancer.affinity.by === 'CLIENT_ADDRESS';
  const names = new Set<string>();
  for (const { client, nodes, outcomes } of from) {
    const own = nodes ?? [client.node];
    const places = client.kind === 'OUTSIDE' ? outcomes.map(({ entries = own }) => entries) : [own];
    for (const place of new Set(places)) for (const node of place) names.add(node);
  }
  const choices = new Map([...names].map((node) => [node, toPods ? ('RANDOM' as const) : choiceOf(settings, node)]));
  const kinds = new Set(choices.values());
  const sticky = stickySeconds > 0 && !toPods;
  const first = sticky ? 'KEPT' : ([...kinds][0] ?? 'RANDOM');
  const node = toPods
    ? 'The load balancer sends to pods itself and takes one by a hash of the connection.'
    : `Each node ${TITLES[first]}.`;
  const balancer =
    through === undefined || toPods
      ? ''
      : byAddress
        ? ' The load balancer before it keeps a client on one node.'
        : ' The load balancer before it takes a node by a hash of each connection.';
  let arrivals: readonly Arrivals[] | undefined;
  const pods = new Map<string, number>();
  const podsOf = () => {
    arrivals ??= arrivalsOf(from);
    for (const one of arrivals) for (const pod of one.pods.keys()) if (!pods.has(pod)) pods.set(pod, pods.size);
    return [...pods.keys()];
  };
  const common = {
    clientsKeepEntry: through === undefined || byAddress,
    counters: names.size,
    entries(): readonly Entry[] {
      const { length } = podsOf();
      if (length === 0) return [];
      return (arrivals ?? []).map((one): Entry => {
        const choice = choices.get(one.node) ?? 'RANDOM';
        return {
          weight: toNumber(one.weight),
          choice: sticky || choice === 'HASH' ? 'KEPT' : choice === 'IN_TURN' ? 'IN_TURN' : 'RANDOM',
          pods: [...one.pods.keys()].map((pod) => pods.get(pod) as number),
          shares: [...one.pods.values()].map(toNumber),
        };
      });
    },
  };
  const law = (kind: LawKind, why = `${node}${balancer}`, assumed?: string): Law =>
    Object.assign(whenRead(common, 'pods', podsOf), { kind, why, ...(assumed === undefined ? {} : { assumed }) });
  if (kinds.has('LEAST')) {
    return law(
      'UNKNOWN',
      'Nodes take the endpoint with the fewest connections (IPVS): how loads spread then is not modelled; ' +
        'means are those of the long run.',
    );
  }
  if (toPods) return law(byAddress ? 'CLIENTS' : 'RANDOM');
  if (sticky || kinds.has('HASH')) {
    // Through a balancer that spreads connections, a client may have a pod for each node.
    return law(through === undefined || byAddress ? 'CLIENTS' : 'STAGES');
  }
  if (kinds.size > 1) return law('STAGES', 'Nodes choose in different ways: some at random, some in turn.');
  if (kinds.has('IN_TURN'))
    return law(
      'IN_TURN',
      `${node}${balancer}`,
      'It is not known where the counters are: each place is taken to be as likely.',
    );
  return law(byAddress ? 'STAGES' : 'RANDOM');
}

/**
 * The same law where entries lead to other pods. Undefined where its entries choose in different ways, so that it is
 * not known how each of these does, and where several lead to the same pods: such loads are simulated.
 */
export function lawOfEntries(
  law: Law,
  entries: readonly { readonly weight: number; readonly pods: readonly number[]; readonly shares: readonly number[] }[],
): Law | undefined {
  const [choice, ...others] = new Set(law.entries().map((one) => one.choice));
  if (choice === undefined || others.length > 0) return undefined;
  const led = entries.flatMap((one) => one.pods);
  if (entries.length > 1 && new Set(led).size < led.length) return undefined;
  const pods = led.reduce((most, number) => Math.max(most, number), -1) + 1;
  const { kind, why, clientsKeepEntry, assumed } = law;
  return {
    ...{ kind, why, clientsKeepEntry, counters: entries.length },
    entries: () => entries.map((one): Entry => ({ ...one, choice })),
    pods: Array.from({ length: pods }, (_, number) => `${number}`),
    ...(assumed === undefined ? {} : { assumed }),
  };
}
