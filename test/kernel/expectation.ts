import { joinHostPort } from '../../src/base/address.js';
import type { PathResult, PathTrace } from '../../src/contract/answers.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { Deployment } from './deploy.js';
import { familyOf, inFamily } from './plant/families.js';
import { nodeAddress, nodeName, numbers, type PlantOptions } from './plant/layout.js';
import type { Flow, Observed } from './plant/protocol.js';

/** One of the outcomes that a walk reports: what a client may see of it. */
export interface Outcome {
  readonly reported: string;
  readonly trace: PathTrace;
  readonly observable: readonly Observed[];
}

/** A question's answer as something to hold connections against. */
export interface Expectation {
  /** The host that connects. */
  readonly host: string;
  readonly flow: Omit<Flow, 'timeout'>;
  /** None: the walk does not tell (UNKNOWN), or by what the plant does not have. */
  readonly outcomes: readonly Outcome[];
  /** Whether session affinity remembers the client. */
  readonly sticky: boolean;
  readonly result: PathResult;
}

/** The plant's host that has an address, loopback addresses being the client's. */
function hostOf(options: PlantOptions, address: string, client: string): string {
  if (address.startsWith('127.') || address === '::1') return client;
  const has = (own: string) => inFamily(familyOf(address), own) === address;
  const pod = options.pods.find((candidate) => has(candidate.address));
  if (pod !== undefined) return pod.name;
  const node = numbers(options.nodes).find((number) => has(nodeAddress(number)) || has(`10.180.${number}.1`));
  return node === undefined ? 'nobody' : nodeName(node);
}

function observable(options: PlantOptions, trace: PathTrace, client: string): readonly Observed[] {
  const at = trace.hops.findIndex(({ kind }) => kind === 'LOAD_BALANCER');
  // What stands for a load balancer in a plant takes what comes from outside (Plant.balance).
  if (at > 1 || (at === 1 && !options.balanced)) return [];
  switch (trace.verdict) {
    case 'DELIVERED': {
      const { address, port } = trace.endpoint as { address: string; port: number };
      return [`CONNECTED ${hostOf(options, address, client)} ${joinHostPort(address, port)} sees ${trace.seenClient}`];
    }
    case 'REJECTED':
      return ['REFUSED'];
    case 'DROPPED':
      // What tracking finds wrong may come after the handshake's first packets: connected, and nothing follows.
      return trace.cause === 'INVALID_STATE' ? ['TIMEOUT', 'SILENT'] : ['TIMEOUT'];
    case 'UNREACHABLE':
      return ['TIMEOUT', 'UNREACHABLE'];
    case 'UNKNOWN':
      return [];
  }
}

function reported(trace: PathTrace): string {
  return trace.verdict === 'DELIVERED'
    ? `DELIVERED ${joinHostPort(trace.endpoint?.address ?? '', trace.endpoint?.port ?? 0)} sees ${trace.seenClient}`
    : `${trace.verdict}/${trace.cause}`;
}

/** Where a trace's first packet goes; undefined where there is none to send, as for a name without addresses. */
function destinationOf(trace: PathTrace | undefined): string | undefined {
  const sent = trace?.hops[0]?.steps.find((step) => step.action === 'SEND')?.after;
  return sent?.destinationPort === undefined ? undefined : `${sent.destination} ${sent.destinationPort}`;
}

/**
 * Asks the path question, and says which connection of the plant would show its outcomes: of a name with several
 * addresses, a connection to the first. undefined where no packet is sent.
 */
export function expectation(
  options: PlantOptions,
  deployment: Deployment,
  path: PathQuestion,
): Expectation | undefined {
  const { settings, snapshot } = deployment;
  const { result } = ask('path', { path, ...(settings ? { settings } : {}) }, snapshot);
  const destination = destinationOf(result.traces[0]);
  if (destination === undefined) return undefined;
  const traces = result.traces.filter((trace) => destinationOf(trace) === destination);
  const [address = '', port = ''] = destination.split(' ');
  const { source } = path;
  const hostNetwork = source.pod !== undefined && snapshot.cluster.pods.get(source.pod)?.spec?.hostNetwork === true;
  const host = source.external
    ? 'outside'
    : hostNetwork
      ? (snapshot.cluster.pods.get(source.pod ?? '')?.spec?.nodeName as string)
      : (source.pod ?? source.node ?? '');
  const outcomes = traces.map((trace) => ({
    reported: reported(trace),
    trace,
    observable: observable(options, trace, host),
  }));
  return {
    host,
    flow: {
      protocol: result.question.protocol === 'UDP' ? 'UDP' : 'TCP',
      address,
      port: Number(port),
      ...(source.external ? { from: source.external.address as string } : {}),
    },
    sticky: traces.some(({ hops }) =>
      hops.some(({ steps }) => steps.some(({ rule }) => /-m recent|@affinity-/.test(rule ?? ''))),
    ),
    outcomes: outcomes.some((outcome) => outcome.observable.length === 0) ? [] : outcomes,
    result,
  };
}
