/**
 * Load balancers: what changes of them, what they open, and what they lose until their health checks have found a
 * change.
 */
import { type IPFamily, networkOf } from '../../base/address.js';
import {
  compare,
  type Fraction,
  formatFraction,
  fraction,
  isZero,
  multiply,
  ONE,
  sum,
  toDecimal,
  ZERO,
} from '../../base/fraction.js';
import { isCovered } from '../../base/ranges.js';
import { parseSigned } from '../../base/signed-fraction.js';
import { FAMILIES } from '../../cluster/settings.js';
import type { Finding } from '../../contract/answers.js';
import type { Balancer, PortCheck } from '../../load-balancers/balancer.js';
import { isBalanced } from '../../load-balancers/balancer-addresses.js';
import type { Backend, HealthCheck } from '../../load-balancers/implementation.js';
import { nodeIsDown } from '../../path/network.js';
import { probedBalancer } from '../../path/probed-balancer.js';
import { programNode } from '../../proxy/program.js';
import { doorPairs } from './client-pairs.js';
import type { Door } from './door.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { doorEvidence, doorText, finding, listed, MAX_LISTED, partOf } from './finding.js';
import { servicesOf } from './service-facts.js';

function familyOf({ cluster }: View, key: string): IPFamily {
  const [first] = cluster.services.get(key)?.spec?.ipFamilies ?? [];
  return FAMILIES.find((family) => family === first) ?? 'IPv4';
}

/** The load balancer of a Service in its first family; undefined where it has none. */
function balancerIn(view: View, key: string, kept?: readonly string[]): Balancer | undefined {
  const service = view.cluster.services.get(key);
  if (service === undefined || !isBalanced(service, view.cluster)) return undefined;
  return probedBalancer(view.cluster, view.settings, familyOf(view, key), service, kept);
}

interface BalancerPair {
  readonly key: string;
  readonly family: IPFamily;
  readonly before: Balancer | undefined;
  readonly after: Balancer | undefined;
}

/** The load balancers of both sides' Services; those that remember their backends start from what they had. */
function balancerPairs(before: View, after: View): readonly BalancerPair[] {
  return [...new Set([...before.services, ...after.services])].map((key) => {
    const was = balancerIn(before, key);
    const now = balancerIn(after, key);
    const kept = now !== undefined && was?.implementation === now.implementation ? was.remembered : undefined;
    return { key, family: familyOf(after, key), before: was, after: kept ? balancerIn(after, key, kept) : now };
  });
}

const evidenceOf = ({ key, family }: BalancerPair) => ({ service: key, family });

/** Another kind of load balancer, or one where there was none. */
export const balancerChanged: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    const was = pair.before?.implementation;
    const is = pair.after?.implementation;
    if (was === is) return [];
    const names = { before: was?.name ?? null, after: is?.name ?? null };
    const title = (one: typeof was) => (one === undefined ? 'no load balancer' : `a ${one.title}`);
    const message = `Service ${pair.key} has ${title(is)}; it had ${title(was)}.`;
    return [finding('LOAD_BALANCER_CHANGED', message, { ...evidenceOf(pair), implementation: names })];
  });

function checkText({ protocol, port, path = '', intervalSeconds, unhealthyAfter }: HealthCheck): string {
  if (protocol === 'NONE') return 'no health check';
  return `${protocol} ${port}${path} every ${intervalSeconds} s, out after ${unhealthyAfter} failures`;
}

/** The health checks of all ports, each once. */
function checksText({ healthChecks }: Balancer): string {
  return [...new Set(healthChecks.map(({ check }) => checkText(check)))].join('; ');
}

/** Another health check. */
export const healthCheckChanged: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    if (pair.before === undefined || pair.after === undefined) return [];
    const check = { before: checksText(pair.before), after: checksText(pair.after) };
    if (check.before === check.after) return [];
    const { answeredBy } = pair.after.healthCheck;
    const leaves =
      answeredBy === 'SERVICE_HEALTH'
        ? ' Only nodes with ready endpoints pass it.'
        : answeredBy === 'KUBE_PROXY' && after.settings.unsupportedDataplane === undefined
          ? ' Every node whose kube-proxy works passes it.'
          : '';
    const message =
      `The load balancer of ${pair.key} checks its backends by ${check.after}; before by ` +
      `${check.before}.${leaves}`;
    return [finding('HEALTH_CHECK_CHANGED', message, { ...evidenceOf(pair), check })];
  });

const nameOf = ({ node, pod }: Backend) => pod ?? node;

/** Backends that come and go. */
export const backendsChanged: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    if (pair.before === undefined || pair.after === undefined) return [];
    const was = new Set(pair.before.backends.members.map(nameOf));
    const is = new Set(pair.after.backends.members.map(nameOf));
    const added = [...is].filter((name) => !was.has(name));
    const removed = [...was].filter((name) => !is.has(name));
    if (added.length + removed.length === 0) return [];
    const parts = [
      ...(removed.length === 0 ? [] : [`${listed(removed)} no longer`]),
      ...(added.length === 0 ? [] : [`${listed(added)} newly`]),
    ];
    const { seconds, detail } = pair.after.drain;
    const drained = removed.length === 0 ? '' : ` Of connections that are open: ${detail}.`;
    const message =
      `The load balancer of ${pair.key} has ${is.size} backends (${pair.after.backends.group}), it had ` +
      `${was.size}: ${parts.join(', ')}.${drained}`;
    return [
      finding('BACKENDS_CHANGED', message, {
        ...evidenceOf(pair),
        backends: { before: was.size, after: is.size },
        added: added.slice(0, MAX_LISTED),
        removed: removed.slice(0, MAX_LISTED),
        ...(removed.length === 0 || seconds === undefined ? {} : { drainSeconds: seconds }),
      }),
    ];
  });

/**
 * Whether connections to a port that arrive at the backend are lost: its node is down, or has nothing to send them to.
 */
function losesConnections(
  view: View,
  balancer: Balancer,
  family: IPFamily,
  backend: Backend,
  port: PortCheck,
): boolean {
  const { healthy } = balancer.probe(backend, port);
  if (backend.kind === 'POD') return !healthy;
  const node = view.cluster.nodes.get(backend.node);
  if (node === undefined || nodeIsDown(node)) return true;
  const program = programNode(view.cluster, backend.node, family, view.settings.proxyOf(backend.node));
  const own = program.services
    .portsOf(balancer.key)
    .filter((one) => one.port === port.port && one.protocol === port.protocol);
  return own.some((one) => one.externalPolicyLocal && program.selection(one).local.length === 0);
}

/** What is lost between the change and the moment at which health checks have found it: of the port that loses most. */
export const lostUntilConverged: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    const { after: now, before: was, key, family } = pair;
    if (now === undefined || was === undefined || after.settings.unsupportedDataplane !== undefined) return [];
    const same = was.implementation === now.implementation ? was : undefined;
    const anyone = { address: undefined, zone: '' };
    const [worst] = now.healthChecks
      .map((port) => {
        const losing = (phase: 'BEFORE' | 'AFTER') =>
          now
            .distribution(phase, anyone, same, port)
            .shares.filter(({ backend }) => losesConnections(after, now, family, backend, port));
        const [until, lasting] = [losing('BEFORE'), losing('AFTER')];
        return { until, share: sum(until.map((one) => one.share)), lasting: sum(lasting.map((one) => one.share)) };
      })
      // What goes on being lost afterwards is not lost until the checks have found it.
      .filter(({ share, lasting }) => compare(share, lasting) > 0)
      .sort((a, b) => compare(b.share, a.share));
    if (worst === undefined) return [];
    const { share } = worst;
    const names = worst.until.map(({ backend }) => nameOf(backend));
    const seconds = now.secondsToConverge;
    const message =
      `Until the health checks of the load balancer of ${key} have found the change, up to ${seconds} s, ` +
      `${formatFraction(share)} of its new connections are lost: those that it sends to ${listed(names)}.`;
    return [
      finding('LOST_UNTIL_CONVERGED', message, {
        ...evidenceOf(pair),
        share: formatFraction(share),
        seconds,
        nodes: names.slice(0, MAX_LISTED),
        nodeCount: names.length,
      }),
    ];
  });

/** Node ports that a change opens on every node. */
export const newNodePorts: DifferenceFinder = (before, after) =>
  [...new Set([...before.services, ...after.services])].flatMap((key): Finding[] => {
    const portsOf = (view: View) => {
      const spec = view.cluster.services.get(key)?.spec;
      const ports = (spec?.ports ?? []).flatMap(({ nodePort, protocol = 'TCP' }) =>
        nodePort ? [`${nodePort}/${protocol}`] : [],
      );
      return spec?.healthCheckNodePort ? [...ports, `${spec.healthCheckNodePort}/TCP (health check)`] : ports;
    };
    const was = new Set(portsOf(before));
    const added = portsOf(after).filter((port) => !was.has(port));
    if (added.length === 0) return [];
    const message = `Service ${key} has new node ports, open on every node to whoever reaches it: ${added.join(', ')}.`;
    return [finding('NODE_PORTS_OPENED', message, { service: key, ports: added })];
  });

const EVERYBODY = ['0.0.0.0/0', '::/0'];

/** The ranges of which the others together do not hold all. */
function notIn(ranges: readonly string[], others: readonly string[]): readonly string[] {
  const all = others.flatMap((text) => networkOf(text) ?? []);
  return ranges.filter((text) => {
    const range = networkOf(text);
    return range === undefined ? !others.includes(text) : !isCovered(range, all);
  });
}

/** Who the load balancer lets in that it did not before. */
export const firewallOpened: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    if (pair.after === undefined) return [];
    const { allowed, rules } = pair.after.firewall;
    const is = allowed ?? EVERYBODY;
    const was = pair.before === undefined ? [] : (pair.before.firewall.allowed ?? EVERYBODY);
    const added = notIn(is, was);
    if (added.length === 0 || was === EVERYBODY) return [];
    const ports = (pair.after.service.spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);
    const who = allowed === undefined ? 'everybody' : added.join(', ');
    const message =
      `The load balancer of ${pair.key} lets in ${who} to ` +
      `${ports.join(', ')}${was.length === 0 ? '' : `; before ${was.join(', ')}`}.`;
    return [
      finding('FIREWALL_OPENED', message, {
        ...evidenceOf(pair),
        ranges: { before: was, after: is },
        ...(rules.length === 0 ? {} : { rules }),
      }),
    ];
  });

/** Whom the load balancer no longer lets in. */
export const firewallClosed: DifferenceFinder = (before, after) =>
  balancerPairs(before, after).flatMap((pair) => {
    if (pair.after === undefined || pair.before === undefined) return [];
    const [was, is] = [pair.before, pair.after].map(({ firewall }) => firewall.allowed ?? EVERYBODY) as [
      readonly string[],
      readonly string[],
    ];
    const { ipFamilies = [], ports = [] } = pair.after.service.spec ?? {};
    const removed = notIn(was, is).filter((text) => {
      const family = networkOf(text)?.family;
      return family !== undefined && (ipFamilies.length === 0 || ipFamilies.includes(family));
    });
    if (removed.length === 0) return [];
    const who = was === EVERYBODY ? 'everybody' : listed(removed);
    const at = ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join(', ');
    const message =
      `The load balancer of ${pair.key} no longer lets in ${who} to ${at}: ` +
      `${is.length === 0 ? 'nobody' : `only ${listed(is)}`}.`;
    return [finding('FIREWALL_CLOSED', message, { ...evidenceOf(pair), ranges: { before: was, after: is } })];
  });

/** Source ranges that guard the load balancer's address, beside node ports that they do not guard. */
export const unguardedNodePorts: StateFinder = (view) =>
  servicesOf(view).flatMap(([key, service]) => {
    const ranges = service.spec?.loadBalancerSourceRanges ?? [];
    if (ranges.length === 0 || !isBalanced(service, view.cluster)) return [];
    const ports = (service.spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
    const everybody = ranges.some((range) => EVERYBODY.includes(range.trim()));
    if (everybody || ports.length === 0) return [];
    const message =
      `loadBalancerSourceRanges of ${key} (${listed(ranges)}) guard the load balancer's address only: ` +
      `${ports.length === 1 ? 'node port' : 'node ports'} ${ports.join(', ')} of every node take everybody ` +
      'that reaches the nodes.';
    return [finding('NODE_PORTS_UNGUARDED', message, { service: key, ranges: ranges.slice(0, MAX_LISTED), ports })];
  });

function factorOf({ imbalance }: Door): Fraction | undefined {
  return imbalance === undefined ? undefined : parseSigned(imbalance.fraction)?.size;
}

/** Load balancers split connections by node: how uneven that makes the shares of pods, where a change changes it. */
export const balancerImbalance: DifferenceFinder = (before, after) =>
  doorPairs(before.doors, after.doors).flatMap((pair) => {
    if (pair.after.via !== 'LOAD_BALANCER') return [];
    const was = factorOf(pair.before) ?? ONE;
    const is = factorOf(pair.after);
    if (is === undefined || compare(was, is) === 0) return [];
    const factor = (value: Fraction) => toDecimal(value, 2).replace(/\.?0+$/, '');
    const message =
      `The largest share of an endpoint of ${doorText(pair.after)} is ${factor(is)} times the even one; it was ` +
      `${factor(was)} times.`;
    return [
      finding('LOAD_BALANCER_IMBALANCE', message, {
        ...doorEvidence(pair.after),
        factor: { before: formatFraction(was), after: formatFraction(is) },
      }),
    ];
  });

/** The nodes that a change takes out of use: they leave, go down, or are cordoned. */
function leavingNodes(before: View, after: View): readonly string[] {
  return [...before.cluster.nodes.values()].flatMap((node) => {
    const { name } = node.metadata;
    const now = after.cluster.nodes.get(name);
    const leaves = now === undefined || (nodeIsDown(now) && !nodeIsDown(node));
    const cordoned = now?.spec?.unschedulable === true && node.spec?.unschedulable !== true;
    return leaves || cordoned ? [name] : [];
  });
}

/**
 * Of the connections that came in before the change: those that cross a node that goes, on their way to an endpoint
 * elsewhere. A node whose connections the door does not tell apart has no endpoint: all that come in there go on.
 */
function crossingShare({ from }: Door, balancer: Balancer, node: string): Fraction {
  if (balancer.backendOn(node) === undefined) return ZERO;
  const parts = from.flatMap(({ outcomes }) =>
    outcomes.flatMap(({ verdict, share, receiver, entries = [] }) =>
      verdict === 'DELIVERED' && entries.includes(node) && receiver?.node !== node
        ? [multiply(share, fraction(1, entries.length))]
        : [],
    ),
  );
  return sum(parts);
}

/** Connections through a load balancer that cross a node which goes, for endpoints that stay. */
export const connectionsCrossing: DifferenceFinder = (before, after) => {
  const leaving = leavingNodes(before, after);
  if (leaving.length === 0) return [];
  return before.doors.flatMap((door) => {
    const { service, via } = door;
    if (via !== 'LOAD_BALANCER' || service === undefined) return [];
    const balancer = balancerIn(before, `${service.namespace}/${service.name}`);
    if (balancer === undefined || balancer.service.spec?.externalTrafficPolicy === 'Local') return [];
    const crossed = leaving.map((node) => ({ node, share: crossingShare(door, balancer, node) }));
    const nodes = crossed.filter(({ share }) => !isZero(share)).map(({ node }) => node);
    if (nodes.length === 0) return [];
    const crossing = sum(crossed.map((one) => one.share));
    const share = formatFraction(crossing);
    const message =
      `${partOf(crossing)} of the connections that are established through ${doorText(door)} came in at ` +
      `${listed(nodes)} ` +
      'and go on to endpoints elsewhere: they end with the node.';
    return [
      finding('CONNECTIONS_CROSS_NODE', message, {
        ...doorEvidence(door),
        share,
        nodes: nodes.slice(0, MAX_LISTED),
        nodeCount: nodes.length,
      }),
    ];
  });
};
