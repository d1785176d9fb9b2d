/** Which ports somebody listens on in a pod, as far as a snapshot tells. */

import { fieldsOf } from '../base/record.js';
import { containersOf } from '../cluster/containers.js';
import type { Container, Pod } from '../cluster/objects.js';
import { namespacedName } from '../cluster/objects.js';
import type { Protocol } from '../netfilter/packet.js';

/** Whether somebody listens: who, why nobody does, or why that is not known. */
export type Listening =
  | { readonly kind: 'YES'; readonly who?: string; readonly assumed?: boolean }
  | { readonly kind: 'NO'; readonly detail: string; readonly assumed?: boolean }
  | { readonly kind: 'UNKNOWN'; readonly detail: string };

type Fields = Readonly<Record<string, unknown>>;

/** A port that a container says it has. */
interface Declared {
  readonly container: string;
  readonly protocol: string;
  readonly port: number;
  /** It is reached on the loopback address only. */
  readonly loopback: boolean;
}

const PROBES = ['readinessProbe', 'livenessProbe', 'startupProbe'];
const LOOPBACKS = ['127.0.0.1', '::1', 'localhost'];

/** The ports that probes ask: somebody listens there, or the pod is not healthy. */
function probedPorts(container: Container): readonly Declared[] {
  const found: Declared[] = [];
  for (const name of PROBES) {
    const probe = fieldsOf((container as unknown as Fields)[name]);
    for (const kind of ['httpGet', 'tcpSocket', 'grpc']) {
      const { port, host } = fieldsOf(probe[kind]);
      const named =
        typeof port === 'string' ? container.ports?.find(({ name: own }) => own === port)?.containerPort : undefined;
      const number =
        typeof port === 'number' ? port : typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : named;
      if (number === undefined) continue;
      const loopback = typeof host === 'string' && LOOPBACKS.includes(host);
      found.push({ container: container.name, protocol: 'TCP', port: number, loopback });
    }
  }
  return found;
}

/** `--secure-port` and the like, by which parts of the control plane are configured where to listen. */
function flaggedPorts(container: Container): readonly Declared[] {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const value = (flag: string) => words.find((word) => word.startsWith(`--${flag}=`))?.slice(flag.length + 3);
  const port = Number(value('secure-port'));
  if (!Number.isInteger(port) || port <= 0) return [];
  const loopback = LOOPBACKS.includes(value('bind-address') ?? '');
  return [{ container: container.name, protocol: 'TCP', port, loopback }];
}

function declaredBy(pod: Pod): readonly Declared[] {
  return containersOf(pod.spec).flatMap((container) => [
    ...(container.ports ?? []).map(({ containerPort, protocol = 'TCP' }) => ({
      container: container.name,
      protocol,
      port: containerPort,
      loopback: false,
    })),
    ...probedPorts(container),
    ...flaggedPorts(container),
  ]);
}

/** Whether the container is known not to run: it waits (for its image, in a crash loop) or has ended. */
function isStopped(pod: Pod, container: string): boolean {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const state = fieldsOf((statuses.find(({ name }) => name === container) as unknown as Fields | undefined)?.state);
  return state.waiting !== undefined || state.terminated !== undefined;
}

/** Whether the pod's Ready condition is anything but True; a pod without the condition counts as ready. */
function isUnready(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status !== 'True');
}

/** A port that a packet is for. */
export interface Sought {
  readonly protocol: Protocol;
  readonly port: number;
  /** The packet was sent to the loopback address. */
  readonly loopback: boolean;
}

/** The pod's container that declares the port, and whether it runs; undefined when none declares it. */
export function declares(pod: Pod, { protocol, port, loopback }: Sought): { readonly stopped: boolean } | undefined {
  const holders = declaredBy(pod).filter(
    (declared) => declared.protocol === protocol && declared.port === port && (loopback || !declared.loopback),
  );
  if (holders.length === 0) return undefined;
  return { stopped: holders.every(({ container }) => isStopped(pod, container)) };
}

/**
 * Whether somebody listens on a port of a pod with a network of its own. A port that a container declares, that a probe
 * asks or that a slice lists is listened on as long as the container runs; a pod that declares other ports is taken not
 * to listen on this one; of a pod that declares none nothing is known.
 */
export function podListens(pod: Pod, sought: Sought, listed: boolean): Listening {
  const name = namespacedName(pod);
  if (pod.status?.phase === 'Pending')
    return { kind: 'NO', detail: `pod ${name} is Pending: its containers do not run` };
  const containers = containersOf(pod.spec);
  if (containers.length > 0 && containers.every((container) => isStopped(pod, container.name)))
    return { kind: 'NO', detail: `no container of pod ${name} runs` };
  const declared = declares(pod, sought);
  if (declared?.stopped === true)
    return { kind: 'NO', detail: `the container of pod ${name} that has port ${sought.port} does not run` };
  if (declared !== undefined || listed) return { kind: 'YES', who: name, assumed: isUnready(pod) };
  const others = [...new Set(declaredBy(pod).map(({ port, protocol }) => `${port}/${protocol}`))];
  if (others.length > 0) {
    const detail =
      `pod ${name} does not declare ${sought.protocol} port ${sought.port} (it declares ` +
      `${others.slice(0, 8).join(', ')})`;
    return { kind: 'NO', detail, assumed: true };
  }
  const detail =
    `pod ${name} declares no ports and no slice lists ${sought.protocol} port ${sought.port}: whether anything ` +
    'listens there is not in the snapshot';
  return { kind: 'UNKNOWN', detail };
}
