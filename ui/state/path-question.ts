/** The question about one packet: who sends it where, as a person types it and the address keeps it. */
import type { Body, ListedObjects, Source } from '../api/types.js';
import { type Choice, findService, serviceName, workloadOf } from './objects.js';
import type { Parameters } from './route.js';
import { type Chosen, chosenOf, destinationOf } from './service-question.js';

/**
 * Reads `pod shop/web-1`, `node n1`, `some pod on n1`, `outside`, `outside at n1`, `outside 203.0.113.9 at n1` or a
 * workload.
 */
function readSource(text: string): Source | undefined {
  const workload = workloadOf(text);
  if (workload !== undefined) return { workload };
  const pod = /^pod (\S+\/\S+)$/.exec(text)?.[1];
  if (pod !== undefined) return { pod };
  const podOn = /^some pod on (\S+)$/.exec(text)?.[1];
  if (podOn !== undefined) return { podOn };
  const node = /^node (\S+)$/.exec(text)?.[1];
  if (node !== undefined) return { node };
  const outside = /^outside(?: ([\d.a-f:]+))?(?: at (\S+))?$/i.exec(text);
  if (outside === null) return undefined;
  const [, address, entersAt] = outside;
  return {
    external: { ...(address === undefined ? {} : { address }), ...(entersAt === undefined ? {} : { entersAt }) },
  };
}

export function sourceChoices({ pods, nodes, workloads }: ListedObjects): readonly Choice[] {
  return [
    { value: 'outside', detail: 'a client outside the cluster' },
    ...pods.map((one) => ({ value: `pod ${serviceName(one)}`, detail: [...one.addresses, one.node ?? ''].join(' ') })),
    ...workloads.map((one) => ({
      value: `${one.kind} ${one.namespace}/${one.name}`,
      detail: 'each of its pods alike',
    })),
    ...nodes.map(({ name }) => ({ value: `node ${name}`, detail: 'a process of the host' })),
    ...nodes.map(({ name }) => ({ value: `some pod on ${name}`, detail: 'an address that no pod has' })),
    ...nodes.map(({ name }) => ({
      value: `outside at ${name}`,
      detail: 'a client outside, whose packet comes to this node',
    })),
  ];
}

export function destinationChoices({ services, pods }: ListedObjects): readonly Choice[] {
  return [
    ...services.map((one) => ({ value: serviceName(one), detail: `${one.type} ${one.addresses.join(' ')}` })),
    ...pods.map((one) => ({ value: `pod ${serviceName(one)}:80`, detail: one.addresses.join(' ') })),
  ];
}

/** Reads `pod shop/web-1:80`, `10.0.0.1:80`, `[fd00::1]:80` or `web.shop.svc.cluster.local:80`. */
function readDestination(text: string): Body | undefined {
  const [, name = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (name === '' || port < 1 || port > 65_535) return undefined;
  const pod = /^pod (\S+\/\S+)$/.exec(name)?.[1];
  if (pod !== undefined) return { pod, port };
  const address = /^\[?([\da-f]*:[\da-f:.]+|\d+\.\d+\.\d+\.\d+)\]?$/i.exec(name)?.[1];
  return address === undefined ? { host: name, port } : { address, port };
}

export interface PathChosen {
  /** As it was typed. */
  readonly source: string;
  readonly destination: string;
  /** Set where the destination is a Service. */
  readonly service: Chosen | undefined;
  /** The question, if both ends are given. */
  readonly question: Body | undefined;
  /** What is missing or not understood, in a sentence. */
  readonly says: string;
}

/** A client to begin with: the first pod that is no endpoint's, else any, else somebody outside. */
function usualSource({ pods }: ListedObjects): string {
  const pod = pods.find(({ workload, ready }) => workload === undefined && ready) ?? pods.find(({ ready }) => ready);
  return pod === undefined ? 'outside' : `pod ${serviceName(pod)}`;
}

export function pathChosen(objects: ListedObjects, parameters: Parameters): PathChosen {
  const { source: typed, service: name, to = '' } = parameters;
  const listed = name === undefined ? undefined : findService(objects, name);
  const service = listed === undefined || listed.ports.length === 0 ? undefined : chosenOf(listed, parameters);
  const usual = service?.from === 'outside' ? 'outside' : usualSource(objects);
  const source = typed ?? usual;
  const sender = readSource(source);
  const destination = service === undefined ? readDestination(to) : { service: destinationOf(service) };
  const ends = { source, destination: name ?? to, service };
  if (sender === undefined) {
    return { ...ends, question: undefined, says: `“${source}” is no sender. Choose one from the list while you type.` };
  }
  if (destination === undefined) {
    const wrong = name === undefined ? to : name;
    const says =
      wrong === ''
        ? 'Choose where the packet goes: a Service, or an address, a DNS name or a pod with a port, as 10.0.0.1:80.'
        : `“${wrong}” is no destination. Choose a Service, or give a port, as in ${wrong.replace(/:.*/, '')}:80.`;
    return { ...ends, question: undefined, says };
  }
  const family = service === undefined ? {} : { family: service.family };
  return { ...ends, question: { path: { source: sender, destination, ...family, maxTraces: 200 } }, says: '' };
}
