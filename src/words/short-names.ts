/**
 * Names as people type them, made whole: `shop/frontend` is a Service where one is meant, `web` is one of the
 * namespace.
 */
import { isIP } from 'node:net';
import { editDistance } from '../base/did-you-mean.js';

const SERVICE_WORDS = ['svc', 'service', 'services'];
const WORKLOAD_WORDS = [
  'deployment',
  'deployments',
  'deploy',
  'replicaset',
  'replicasets',
  'rs',
  'statefulset',
  'statefulsets',
  'sts',
  'daemonset',
  'daemonsets',
  'ds',
];
/** Words before a name that say what it is, and after which a namespace may be left out. */
const PLACED = ['pod', 'health-check', ...WORKLOAD_WORDS];
/** Words before the name of something that has no namespace, or that takes a form of its own. */
const OTHER = ['node', 'pod-on', 'external', 'workload', 'nodes', 'hosts', 'load-balancer', 'zone'];

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

function isWord(text: string, words: readonly string[]): boolean {
  return words.includes(text.toLowerCase());
}

/** Whether a text may be a word that is misspelled: it is left to the error that says so. */
function isNearly(text: string, words: readonly string[]): boolean {
  return text.length > 2 && words.some((word) => word.length > 2 && editDistance(text, word, 2) <= 1);
}

/** `--to`: a Service, unless it is a pod, an address or a host with its port. */
export function wholeDestination(text: string, namespace: string): string {
  const words = text.split('/');
  const [first = '', second = ''] = words;
  if (words.length === 1) {
    // HOST:PORT is a name for DNS; a name alone is a Service.
    return text.includes(':') || isIP(text) !== 0 || !NAME.test(text) ? text : `svc/${namespace}/${text}`;
  }
  if (words.length !== 2 || second === '') return text;
  if (isWord(first, SERVICE_WORDS)) return `svc/${namespace}/${second}`;
  if (first === 'pod') return `pod/${namespace}/${second}`;
  return NAME.test(first) && !isNearly(first, [...SERVICE_WORDS, 'pod']) ? `svc/${text}` : text;
}

/** `--from` and `--clients`: a pod, unless a word before it says what it is, or it is an address. */
export function wholeSource(text: string, namespace: string): string {
  const words = text.split('/');
  const [first = '', second = ''] = words;
  const all = [...PLACED, ...OTHER];
  if (words.length === 1) {
    // An address is a client's outside of the cluster, as in 203.0.113.7 and 203.0.113.7@node-2.
    if (isIP(text.split('@')[0] ?? '') !== 0) return `external/${text}`;
    return NAME.test(text) && !isWord(text, all) && !isNearly(text, all) ? `pod/${namespace}/${text}` : text;
  }
  if (words.length !== 2 || second === '') return text;
  if (isWord(first, PLACED)) return `${first}/${namespace}/${second}`;
  if (isWord(first, OTHER) || isNearly(first, all) || !NAME.test(first) || !NAME.test(second)) return text;
  return `pod/${text}`;
}

/** `[KIND/][NAMESPACE/]NAME` of a workload. */
export function wholeWorkload(text: string, namespace: string): string {
  const words = text.split('/');
  const [first = '', second = ''] = words;
  if (words.length === 1) return text === '' ? text : `${namespace}/${text}`;
  return words.length === 2 && isWord(first, WORKLOAD_WORDS) ? `${first}/${namespace}/${second}` : text;
}

/** `[NAMESPACE/]NAME`. */
export function wholeName(text: string, namespace: string): string {
  return text === '' || text.includes('/') ? text : `${namespace}/${text}`;
}

/** The part before the last `=` made whole by `whole`, the rest as it is. */
export function beforeEquals(text: string, whole: (name: string) => string): string {
  const at = text.lastIndexOf('=');
  return at < 0 ? text : `${whole(text.slice(0, at))}${text.slice(at)}`;
}
