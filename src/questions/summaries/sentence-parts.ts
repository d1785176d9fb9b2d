/** The words that summaries share. */
import { canonicalAddress, joinHostPort } from '../../base/address.js';
import { compare, parseFraction, toDecimal } from '../../base/fraction.js';
import type { Probability, ServiceRef, ShareBasis } from '../../contract/answers.js';
import type { Source } from '../../contract/requests.js';

/** A fraction of more characters is said as a percentage. */
const LONGEST = 9;

type Share = Pick<Probability, 'fraction' | 'value'>;

/** `1/3`; `33.3 %` where the exact fraction is long. */
export function share(of: Share): string {
  return of.fraction.length <= LONGEST ? of.fraction : percent(of);
}

/** `33.3 %`, rounded half up; a share that is not 0 is never said to be 0. */
export function percent({ fraction, value }: Share): string {
  const exact = parseFraction(fraction);
  const text = exact === undefined ? (value * 100).toFixed(1) : toDecimal({ n: exact.n * 100n, d: exact.d }, 1);
  if (text === '0.0' && fraction !== '0') return '< 0.1 %';
  return `${text.replace(/\.0$/, '')} %`;
}

/** Shares as a range: `1/3 each`, `1/9 to 1/3 each`. `shares` must not be empty. */
export function range(shares: readonly Share[]): string {
  const [smallest, largest] = extremes(shares);
  return smallest.fraction === largest.fraction ? share(largest) : `${share(smallest)} to ${share(largest)}`;
}

/** The smallest and the largest of some shares, of which there is at least one. */
function extremes<S extends Share>(shares: readonly S[]): readonly [S, S] {
  const sorted = [...shares].sort((a, b) => {
    const [left, right] = [parseFraction(a.fraction), parseFraction(b.fraction)];
    return left !== undefined && right !== undefined ? compare(left, right) : a.value - b.value;
  });
  return [sorted[0] as S, sorted.at(-1) as S];
}

/** `1 pod`, `3 pods`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** What endpoints are counted as: pods where each of them is a pod of its own, which may have two ports. */
export function nounOf(
  endpoints: readonly { readonly address: string; readonly port: number; readonly pod?: string }[],
): 'pod' | 'endpoint' {
  const pods = new Map<string, string>();
  for (const { address, port, pod } of endpoints) {
    const endpoint = joinHostPort(address, port);
    if (pod === undefined || (pods.get(pod) ?? endpoint) !== endpoint) return 'endpoint';
    pods.set(pod, endpoint);
  }
  return 'pod';
}

/** `a, b and 3 more`. */
export function listed(names: readonly string[], most = 2): string {
  if (names.length <= most)
    return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** `default/web:80`; by name where the number is not known. */
export function port({ namespace, name, port: number, portName }: ServiceRef): string {
  const which = number ?? (portName || undefined);
  return `${namespace}/${name}${which === undefined ? '' : `:${which}`}`;
}

const WAYS: Readonly<Record<string, string>> = {
  NODE_PORT: ' through its node port',
  EXTERNAL_IP: ' through its external IP',
  LOAD_BALANCER: ' through its load balancer',
  DNS: ' through DNS',
};

/** ` through its node port`; nothing for the cluster IP, the usual way. */
export function way(via: string | undefined): string {
  return WAYS[via ?? ''] ?? '';
}

/** Who connects, as the subject of a sentence. */
export function sender(source: Source): string {
  const { pod, node, podOn, workload, external, healthCheck } = source;
  if (pod !== undefined) return pod;
  if (node !== undefined) return `a process on ${node}`;
  if (podOn !== undefined) return `a pod on ${podOn}`;
  if (workload !== undefined) return `${workload.kind} ${workload.namespace}/${workload.name}`;
  if (healthCheck !== undefined) return `the load balancer's health check`;
  const who = external?.address === undefined ? 'an outside client' : canonicalAddress(external.address);
  return external?.entersAt === undefined ? who : `${who}, entering at ${external.entersAt},`;
}

/** What is a name at the start of a sentence, as `web.shop.svc` or `node-1` is: more than letters. */
const NAME_FIRST = /^\S*[^a-zA-Z'’,\s]\S/;

/** The text with a full stop and a capital at its start, where that is no name. */
export function sentence(text: string): string {
  return periodAfter(NAME_FIRST.test(text) ? text : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`);
}

/** A text as the end of a sentence. */
export function periodAfter(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * What kind of numbers shares are, as a sentence to follow them: nothing where each connection is decided by itself.
 */
export function kindSentence(basis: ShareBasis | undefined): string {
  if (basis === undefined || basis.kind === 'EXACT') return '';
  return basis.kind === 'LONG_RUN'
    ? ' These are shares in the long run: connections are given out in turn.'
    : ` Under an assumption: ${basis.why}`;
}
