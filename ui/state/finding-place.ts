/**
 * Where a finding leads: to the Service through the very door that it is about, else to a pod, a node or a workload
 * that it names.
 */
import type { Finding } from '../api/types.js';
import type { Parameters, ViewName } from './route.js';
import { serviceOf } from './service-rows.js';

export interface Place {
  readonly view: ViewName;
  readonly parameters: Parameters;
  readonly words: string;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The first of a list, or the one there is. */
const firstOf = (evidence: Finding['evidence'], ...names: readonly string[]): string | undefined => {
  for (const name of names) {
    const value = evidence[name];
    const found = text(Array.isArray(value) ? value[0] : value);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Clients in the words of an answer, as the address names them. */
function clientsOf(words: string | undefined): string | undefined {
  if (words === undefined) return undefined;
  if (words.startsWith('processes')) return 'hosts';
  if (words.startsWith('outside')) return 'outside';
  return words.startsWith('pods on') ? 'pods' : undefined;
}

const given = (fields: Readonly<Record<string, string | undefined>>): Parameters =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** Undefined: it is about the cluster as a whole. `known`: the Services that there are. */
export function placeOfFinding(finding: Finding, known: ReadonlySet<string>): Place | undefined {
  const { evidence } = finding;
  const service = serviceOf(finding);
  if (service !== undefined && known.has(service)) {
    const { port, via, family, clients } = evidence;
    const from = clientsOf(text(clients));
    const door = given({
      service,
      port: typeof port === 'number' ? String(port) : undefined,
      via: from === undefined ? undefined : text(via),
      family: text(family),
      from,
    });
    return { view: 'shares', parameters: door, words: service };
  }
  const pod = firstOf(evidence, 'pod', 'pods');
  if (pod?.includes('/')) return { view: 'path', parameters: { source: `pod ${pod}` }, words: `pod ${pod}` };
  const workload = firstOf(evidence, 'workload', 'workloads');
  if (workload !== undefined && /^(Deployment|StatefulSet|ReplicaSet) /.test(workload)) {
    return { view: 'sweep', parameters: { workload }, words: workload };
  }
  const node = firstOf(evidence, 'node', 'nodes');
  return node === undefined
    ? undefined
    : { view: 'path', parameters: { source: `some pod on ${node}` }, words: `node ${node}` };
}
