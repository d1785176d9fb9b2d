/**
 * What the answers of public questions say of each property of a load balancer: the cells of the proof table are
 * compared with it.
 */
import { readSnapshot, type Snapshot } from '../../../src/cluster/read-snapshot.js';
import type { ServiceProbability } from '../../../src/contract/answers.js';
import type { QuestionRequest } from '../../../src/contract/requests.js';
import { ask } from '../../../src/questions/ask.js';
import { type BalancedOptions, balancedList, nodeAddress, VIP, WEB } from '../../support/balanced.js';

export const PROPERTIES = [
  'destination',
  'source',
  'health check',
  'spread',
  'affinity',
  'drain',
  'fail mode',
  'reply',
] as const;

export type Property = (typeof PROPERTIES)[number];

/** How a snapshot shows a provider: nothing of the request names it. */
export interface Shown {
  /** Merged into what {@link balancedList} makes. */
  readonly options?: Partial<BalancedOptions>;
  /** Objects beside it. */
  readonly objects?: readonly unknown[];
  /** Prefix of the nodes' provider IDs, before the name of the node. */
  readonly providerID?: string;
  /** Settings, where no snapshot shows what is meant. */
  readonly settings?: QuestionRequest['settings'];
}

/** Three nodes in two zones with two, one and no pods. */
const PODS = [2, 1, 0];
const ZONES = ['europe-west1-b', 'europe-west1-b', 'europe-west1-c'];
const CLIENT = '192.168.77.7';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  spec?: Record<string, unknown>;
}

/** The snapshot of a provider with one thing changed. */
export function snapshotOf(shown: Shown, more: Partial<BalancedOptions> = {}): Snapshot {
  const { options = {} } = shown;
  const list = balancedList({
    pods: PODS,
    zones: ZONES,
    ...options,
    ...more,
    annotations: { ...options.annotations, ...more.annotations },
    spec: { ...options.spec, ...more.spec },
  });
  const items = JSON.parse(JSON.stringify([...list.items, ...(shown.objects ?? [])])) as Item[];
  for (const item of items) {
    if (item.kind !== 'Node' || shown.providerID === undefined) continue;
    item.spec = { ...item.spec, providerID: `${shown.providerID}${item.metadata.name}` };
  }
  return readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } });
}

function probability(shown: Shown, more?: Partial<BalancedOptions>): ServiceProbability {
  const request: QuestionRequest = {
    ...(shown.settings === undefined ? {} : { settings: shown.settings }),
    probability: { services: [WEB], clients: { loadBalancer: { address: CLIENT } } },
  };
  const [service] = ask('probability', request, snapshotOf(shown, more)).result.services;
  if (service === undefined) throw new Error('the answer names no Service');
  return service;
}

const LOCAL = { policy: 'Local' } as const;

/** What a node, a pod, or the client itself sees as the destination and the source of a connection. */
function arriving(shown: Shown): { readonly destination: string; readonly source: string } {
  const { traces } = ask(
    'path',
    {
      ...(shown.settings === undefined ? {} : { settings: shown.settings }),
      path: {
        source: { external: { address: CLIENT } },
        destination: { service: { ...WEB, port: 80, via: 'LOAD_BALANCER' } },
      },
    },
    snapshotOf(shown),
  ).result;
  const sent = traces.flatMap(({ hops }) =>
    hops
      .filter(({ kind }) => kind === 'LOAD_BALANCER')
      .flatMap(({ steps }) => steps.filter(({ action, before }) => action === 'SEND' && before !== undefined)),
  );
  const destinations = sent.map(({ after }) => {
    const { destination = '', destinationPort = 0 } = after ?? {};
    if (destination === VIP) return `the load balancer's address, port ${destinationPort}`;
    if (destination.startsWith('10.2')) return `a pod, port ${destinationPort}`;
    const isNode = PODS.some((_, index) => nodeAddress(index + 1) === destination);
    return isNode ? `a node, port ${destinationPort}` : `another, port ${destinationPort}`;
  });
  const sources = sent.map(({ after }) => (after?.source === CLIENT ? 'kept' : 'replaced'));
  return { destination: [...new Set(destinations)].join(', '), source: [...new Set(sources)].join(', ') };
}

function checkText({ loadBalancer }: ServiceProbability): string {
  const check = loadBalancer?.healthCheck;
  if (check === undefined) return 'no load balancer';
  if (check.protocol === 'NONE') return 'NONE';
  const { protocol, port, path = '', intervalSeconds, unhealthyAfter, healthyAfter } = check;
  return `${protocol} ${port}${path} every ${intervalSeconds} s, out after ${unhealthyAfter}, in after ${healthyAfter}`;
}

const sharesOf = ({ loadBalancer }: ServiceProbability) =>
  (loadBalancer?.backends ?? []).map(({ share }) => share.fraction).join(' ') || 'nobody';

const verdictsOf = ({ verdicts }: ServiceProbability) =>
  verdicts.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict}/${cause}`)).join(' ');

/** Endpoints that are neither ready nor serving: whoever looks at them finds nobody. */
function broken({ options = {} }: Shown) {
  const pods = options.pods ?? PODS;
  return Object.fromEntries(
    pods.flatMap((count, node) =>
      Array.from({ length: count }, (_, pod) => [
        `10.20.${node + 1}.${pod + 2}`,
        { ready: false, serving: false, terminating: false },
      ]),
    ),
  );
}

/** What the answers say of one property, one line for each case that the property has. */
export const OBSERVE: Readonly<Record<Property, (shown: Shown) => readonly string[]>> = {
  destination: (shown) => [arriving(shown).destination],
  source: (shown) => [arriving(shown).source],
  'health check': (shown) => [checkText(probability(shown)), checkText(probability(shown, LOCAL))],
  spread: (shown) => [sharesOf(probability(shown)), sharesOf(probability(shown, LOCAL))],
  affinity(shown) {
    const sticky = { spec: { sessionAffinity: 'ClientIP' } };
    return [probability(shown), probability(shown, sticky)].map(({ loadBalancer }) => loadBalancer?.affinity ?? '');
  },
  drain: (shown) => [String(probability(shown).loadBalancer?.drain.seconds ?? 'not known')],
  'fail mode': (shown) => [verdictsOf(probability(shown, { ...LOCAL, endpoint: broken(shown) }))],
  reply: (shown) => [probability(shown).loadBalancer?.reply ?? ''],
};

/** The implementation that the snapshot shows. */
export function implementationOf(shown: Shown): string | undefined {
  return probability(shown).loadBalancer?.implementation;
}
