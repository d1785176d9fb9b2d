import { joinHostPort } from '../../base/address.js';
import type { PathResult, PathTrace, PathVerdict } from '../../contract/answers.js';
import type { Destination, PathQuestion } from '../../contract/requests.js';
import { count, kindSentence, nounOf, range, sender, sentence, share, way } from './sentence-parts.js';

/** What the client's user says of each verdict. */
const VERDICT_WORDS: Readonly<Record<PathVerdict, string>> = {
  DELIVERED: 'Delivered',
  REJECTED: 'Refused',
  DROPPED: 'Times out',
  UNREACHABLE: 'Unreachable',
  UNKNOWN: 'Not known',
};

function target(destination: Destination | undefined, { question }: PathResult): string {
  const { service, address, pod, host } = destination ?? {};
  const [first] = question.addresses;
  if (service !== undefined) {
    const port = service.port ?? service.portName;
    const resolved =
      first === undefined ? '' : ` (${service.via === 'NODE_PORT' ? joinAt(first, question.port) : first})`;
    return `${service.namespace}/${service.name}${port === undefined ? '' : `:${port}`}${way(service.via)}${resolved}`;
  }
  const name = pod ?? host ?? address;
  return name === undefined ? question.destination : joinAt(name, question.port);
}

function joinAt(name: string, port: number | undefined): string {
  return port === undefined ? name : joinHostPort(name, port);
}

const isMany = ({ reached: all }: PathResult) => (all?.endpoints ?? 0) > 1;

/** The address that endpoints see, in words; undefined where it is not known. */
function seenAddress(traces: readonly PathTrace[]): string | undefined {
  const kept = traces.map(({ clientAddressKept }) => clientAddressKept).filter((known) => known !== undefined);
  if (kept.length === 0 || traces.some(({ endpoint }) => endpoint?.pod === undefined)) return undefined;
  if (kept.every((own) => own)) return "the client's own address";
  if (kept.some((own) => own)) return "in part the client's own address, in part another one";
  const addresses = [...new Set(traces.flatMap(({ seenClient }) => seenClient ?? []))];
  return addresses.length === 1 ? `${addresses[0]}, not the client's address` : "addresses of nodes, not the client's";
}

/** What the endpoints see as the client's address: a sentence, or nothing where it is not known. */
function seen(result: PathResult, traces: readonly PathTrace[]): string {
  const address = seenAddress(traces);
  if (address === undefined) return '';
  return isMany(result) ? ` The pods see ${address}.` : ` The pod sees ${address}.`;
}

/** `one of 3 pods, 1/3 each`, `pod default/a on node-1`. */
function reached({ reached: all }: PathResult, traces: readonly PathTrace[]): string {
  if (all !== undefined && all.endpoints > 1) {
    const known = traces.flatMap(({ endpoint }) => endpoint ?? []);
    const noun = known.length === traces.length ? nounOf(known) : 'endpoint';
    return `one of ${count(all.endpoints, noun)}, ${range([all.smallest, all.largest])} each`;
  }
  const { endpoint } = traces[0] ?? {};
  if (endpoint === undefined) return '';
  const on = endpoint.node ? ` on ${endpoint.node}` : '';
  return `${endpoint.pod === undefined ? joinHostPort(endpoint.address, endpoint.port) : `pod ${endpoint.pod}`}${on}`;
}

/** How many probes these ways are of: one that the rules spread has several. Undefined: ways are counted together. */
function probeCount(traces: readonly PathTrace[]): number | undefined {
  if (traces.some(({ count: one = 1 }) => one > 1)) return undefined;
  const sent = traces.map(({ hops }) => {
    const [step] = hops[0]?.steps ?? [];
    return step?.after === undefined ? '' : `${step.after.destination} ${step.after.destinationPort}`;
  });
  return new Set(sent).size;
}

function probes(result: PathResult): string {
  const healthy = result.traces.filter(({ healthCheck }) => healthCheck?.healthy === true);
  const total = probeCount(result.traces);
  const [taken] = healthy.filter(({ healthCheck }) => healthCheck?.assumed === true);
  const every = total === undefined ? 'every probe' : total === 1 ? 'the probe' : `all ${total} probes`;
  const isMany = total !== undefined && total > 1;
  if (healthy.length === result.traces.length && taken !== undefined) {
    const detail = taken.healthCheck?.detail ?? '';
    return sentence(`Healthy as far as is known: ${every} ${isMany ? 'are' : 'is'} answered; ${detail}`);
  }
  if (healthy.length === result.traces.length) return `Healthy: ${every} ${isMany ? 'pass' : 'passes'}.`;
  const failed = result.traces.find(({ healthCheck }) => healthCheck?.healthy === false);
  const unknown = result.traces.find(({ healthCheck }) => healthCheck === undefined);
  if (failed === undefined) return `Not known: ${unknown?.explanation ?? 'no probe is answered'}.`;
  const why = failed.healthCheck?.detail ?? failed.explanation;
  const passed = probeCount(healthy);
  const head = healthy.length === 0 ? 'Unhealthy' : 'Healthy in part';
  const how =
    total === 1 ? '' : total === undefined ? 'some probes fail; ' : `${passed ?? 0} of ${total} probes pass; `;
  return sentence(`${head}: ${how}${why}`);
}

/** What becomes of a packet, in one or two sentences. */
export function pathSummary(question: PathQuestion | undefined, result: PathResult): string {
  const { traces } = result;
  const source = question?.source;
  if (traces.some(({ healthCheck }) => healthCheck !== undefined)) return probes(result);
  const from = source === undefined ? result.question.source : sender(source);
  const to = target(question?.destination, result);
  if (traces.length === 0)
    return `Nothing to answer: ${from === '' ? 'nobody connects' : `${from} has nothing to reach`}.`;
  const delivered = traces.filter(({ verdict }) => verdict === 'DELIVERED');
  const failed = traces.filter(({ verdict }) => verdict !== 'DELIVERED');
  const [worst] = failed;
  if (worst === undefined) {
    const where = reached(result, delivered);
    return (
      `Delivered: ${from} reaches ` +
      `${to}${where === '' ? '' : `${isMany(result) ? ', ' : ' at '}${where}`}.` +
      `${kindSentence(delivered[0]?.basis)}${seen(result, delivered)}`
    );
  }
  const verdicts = [...new Set(failed.map(({ verdict }) => verdict))];
  const why = sentence(worst.explanation).replace(/\.$/, '');
  if (delivered.length === 0 && verdicts.length === 1) {
    const what = worst.verdict === 'UNKNOWN' ? `whether ${from} reaches ${to}` : `${from} does not reach ${to}`;
    return `${VERDICT_WORDS[worst.verdict]}: ${what}. ${why}.`;
  }
  const parts = result.verdicts
    .filter(({ verdict, share: part }) => verdict !== 'DELIVERED' && part.fraction !== '0')
    .map(({ verdict, share: part }) => `${share(part)} ${FAILS[verdict]}`);
  const passed = result.verdicts.find(({ verdict }) => verdict === 'DELIVERED');
  const head =
    passed === undefined || delivered.length === 0
      ? ''
      : `${share(passed.share)} of connections from ${from} to ${to} are delivered, `;
  return (
    `${head === '' ? 'Lost' : 'In part'}: ` +
    `${head === '' ? `of connections from ${from} to ${to} ` : head}${parts.join(', ')}. ${why}.`
  );
}

/** What a share of connections does, by verdict. */
export const FAILS: Readonly<Record<PathVerdict, string>> = {
  DELIVERED: 'are delivered',
  REJECTED: 'are refused',
  DROPPED: 'time out',
  UNREACHABLE: 'reach nobody',
  UNKNOWN: 'are not known',
};

/**
 * What became of a packet before a change, in a few words: `delivered to one of 3 pods, 1/3 each`; the address that
 * pods saw where it was another one.
 */
export function outcomesInShort(result: PathResult, after: PathResult): string {
  const { traces } = result;
  if (traces.some(({ healthCheck }) => healthCheck !== undefined)) return withoutPeriod(probes(result));
  const failed = traces.find(({ verdict }) => verdict !== 'DELIVERED');
  if (failed === undefined) {
    const where = reached(result, traces);
    const address = seenAddress(traces);
    const isNews = address !== undefined && address !== seenAddress(after.traces);
    return (
      `delivered${where === '' ? '' : ` to ${where}`}` +
      `${isNews ? `; ${isMany(result) ? 'the pods' : 'the pod'} saw ${address}` : ''}`
    );
  }
  const parts = result.verdicts
    .filter(({ share: part }) => part.fraction !== '0')
    .map(({ verdict, share: part }) => (part.fraction === '1' ? FAILS[verdict] : `${share(part)} ${FAILS[verdict]}`));
  return `connections ${parts.join(', ')}: ${withoutPeriod(failed.explanation)}`;
}

function withoutPeriod(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
