/** Selectors and ports that find nothing: the usual reasons why a Service has no endpoints, or reaches nobody. */

import { addressOf } from '../../base/address.js';
import { editDistance } from '../../base/did-you-mean.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName, type Pod, type Service, type ServicePortSpec } from '../../cluster/objects.js';
import type { Finding } from '../../contract/answers.js';
import { findPort } from '../../control-plane/endpoint-ports.js';
import { matchesServiceSelector } from '../../control-plane/labels.js';
import { SelectedPods } from '../../control-plane/selected-pods.js';
import { isHeadless } from '../../path/service-target.js';
import type { DifferenceFinder, StateFinder, View } from './finders.js';
import { finding, listed, MAX_LISTED } from './finding.js';
import { headlessOf, servicesOf, unmodelledOf } from './service-facts.js';

const selections = new WeakMap<Cluster, SelectedPods>();

/** The pods that a Service's selector matches and that have not ended; none without a selector. */
export function podsOf(cluster: Cluster, service: Service): readonly Pod[] {
  if (!hasSelector(service)) return [];
  const selected = remember(selections, cluster, () => new SelectedPods(cluster)).of(service);
  return selected.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
}

function hasSelector({ spec }: Service): boolean {
  if (spec?.type === 'ExternalName') return false;
  for (const _ in spec?.selector) return true;
  return false;
}

const pairText = ([key, value]: readonly [string, string]) => `${key}=${value}`;

/** How far two pairs of a label are from each other: the same key or value counts most, then the spelling. */
function pairDistance(wanted: readonly [string, string], label: readonly [string, string]): number {
  const key = wanted[0] === label[0] ? 0 : 1 + editDistance(wanted[0], label[0], 20);
  const value = wanted[1] === label[1] ? 0 : 1 + editDistance(wanted[1], label[1], 20);
  return key === 0 && value === 0 ? 0 : Math.min(key, value) * 100 + key + value;
}

/** At most so many pods of a namespace are compared with a selector. */
const COMPARED = 500;

/** The label in the Service's namespace that is nearest to a pair that no pod there has, and a pod that has it. */
function nearestLabel(cluster: Cluster, namespace: string, selector: Readonly<Record<string, string>>) {
  const pods = cluster.podsIn(namespace).slice(0, COMPARED);
  const missing = Object.entries(selector).filter(
    ([key, value]) => !pods.some(({ metadata }) => metadata.labels?.[key] === value),
  );
  const wanted = missing.length === 0 ? Object.entries(selector) : missing;
  let best: { readonly label: string; readonly pod: string; readonly distance: number } | undefined;
  for (const pod of pods) {
    for (const label of Object.entries(pod.metadata.labels ?? {})) {
      for (const pair of wanted) {
        const distance = pairDistance(pair, label);
        if (distance > 0 && (best === undefined || distance < best.distance))
          best = { label: pairText(label), pod: namespacedName(pod), distance };
      }
    }
  }
  return { missing: missing.map(pairText), nearest: best };
}

/** Selectors that match no pod, though the snapshot has pods; nor the pods that some workload would have. */
const selectorsWithoutPods: StateFinder = (view) =>
  (view.cluster.pods.size === 0 ? [] : servicesOf(view)).flatMap(([key, service]) => {
    const { cluster } = view;
    if (!hasSelector(service) || podsOf(cluster, service).length > 0) return [];
    // Endpoints show that the controller found pods, whatever of them is in the snapshot.
    if (cluster.slicesOf(key).some(({ endpoints }) => endpoints.length > 0)) return [];
    const [namespace = ''] = key.split('/');
    const selector = service.spec?.selector ?? {};
    for (const { kind, metadata, spec } of cluster.workloads.values()) {
      if ((metadata.namespace ?? 'default') !== namespace || kind === 'ReplicaSet') continue;
      if (matchesServiceSelector(selector, spec?.template?.metadata?.labels)) return [];
    }
    const { missing, nearest } = nearestLabel(cluster, namespace, selector);
    const pairs = Object.entries(selector).map(pairText);
    const near = nearest === undefined ? '' : ` The nearest label there is ${nearest.label}, of pod ${nearest.pod}.`;
    const lacking = missing.length === 0 ? 'no pod has all of it' : `no pod has ${listed(missing)}`;
    const message =
      `The selector of ${key} (${listed(pairs)}) matches no pod of namespace ` + `${namespace}: ${lacking}.${near}`;
    return [
      finding('SELECTOR_MATCHES_NO_POD', message, {
        service: key,
        selector: pairs,
        nearest: nearest?.label,
        pod: nearest?.pod,
      }),
    ];
  });

/** The names of container ports of some pods, of one protocol. */
function portNamesOf(pods: readonly Pod[], protocol: string): readonly string[] {
  const names = pods.flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap(({ ports }) =>
      (ports ?? []).flatMap((port) => ((port.protocol ?? 'TCP') === protocol && port.name ? [port.name] : [])),
    ),
  );
  return [...new Set(names)];
}

function portEvidence(key: string, { name, port, protocol = 'TCP', targetPort }: ServicePortSpec) {
  return { service: key, port, portName: name || undefined, protocol, targetPort };
}

function hasNamedTarget({ spec }: Service): boolean {
  for (const { targetPort } of spec?.ports ?? []) if (typeof targetPort === 'string') return true;
  return false;
}

/** Named target ports that no selected pod has, and port names of Services that their slices do not have. */
const portNamesWithoutEndpoint: StateFinder = (view) =>
  servicesOf(view).flatMap(([key, service]) => {
    if (service.spec?.type === 'ExternalName') return [];
    const isSelecting = hasSelector(service);
    // Of those with a selector only named target ports are looked at.
    if (isSelecting && (view.cluster.pods.size === 0 || !hasNamedTarget(service))) return [];
    const pods = podsOf(view.cluster, service);
    const slices = view.cluster.slicesOf(key).filter(({ endpoints }) => endpoints.length > 0);
    return (service.spec?.ports ?? []).flatMap((port): readonly Finding[] => {
      const { protocol = 'TCP', targetPort, name = '' } = port;
      if (pods.length > 0 && typeof targetPort === 'string') {
        const isListed = slices.some(({ ports }) => ports.some((one) => (one.name ?? '') === name && one.port));
        if (isListed || pods.some((pod) => findPort(pod, port) !== undefined)) return [];
        const names = portNamesOf(pods, protocol);
        const has = names.length === 0 ? 'none of their ports has a name' : `they have ${listed(names)}`;
        const message =
          `Port ${port.port}/${protocol} of ${key} goes to the container port named ${targetPort}, which none ` +
          `of its ${pods.length} pods has: ${has}.`;
        const evidence = { ...portEvidence(key, port), names: names.slice(0, MAX_LISTED) };
        return [finding('PORT_NAME_WITHOUT_ENDPOINT', message, evidence)];
      }
      // With a selector the controller writes the Service's own names.
      if (isSelecting || slices.length === 0) return [];
      const names = slices.flatMap(({ ports }) =>
        ports.filter((one) => (one.protocol ?? 'TCP') === protocol).map((one) => one.name ?? ''),
      );
      if (names.includes(name)) return [];
      const shown = [...new Set(names)].map((one) => (one === '' ? '(no name)' : one));
      const has = shown.length === 0 ? 'they have no ports' : `they have ${listed(shown)}`;
      const own =
        name === '' ? `Port ${port.port}/${protocol} of ${key}, which has no name,` : `Port ${name} of ${key}`;
      const message =
        `${own} has no endpoint: its EndpointSlices have endpoints, but none for a port ` + `of this name: ${has}.`;
      const evidence = { ...portEvidence(key, port), names: shown.slice(0, MAX_LISTED) };
      return [finding('PORT_NAME_WITHOUT_ENDPOINT', message, evidence)];
    });
  });

/** Whether some container of the pods declares the port. */
function declared(pods: readonly Pod[], number: number, protocol: string): boolean {
  return pods.some(({ spec }) =>
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ ports }) =>
      ports?.some((port) => port.containerPort === number && (port.protocol ?? 'TCP') === protocol),
    ),
  );
}

function declaredPorts(pods: readonly Pod[]): readonly string[] {
  const all = pods.flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap(({ ports }) =>
      (ports ?? []).map(({ containerPort, protocol = 'TCP' }) => `${containerPort}/${protocol}`),
    ),
  );
  return [...new Set(all)];
}

const targetOf = ({ targetPort, port }: ServicePortSpec) => targetPort ?? port;

function samePort(a: ServicePortSpec, b: ServicePortSpec): boolean {
  if ((a.protocol ?? 'TCP') !== (b.protocol ?? 'TCP')) return false;
  return a.name && b.name ? a.name === b.name : a.port === b.port;
}

/** Whether a target port is a port of some selected pod; undefined where pods do not say which ports they have. */
function isMatched(cluster: Cluster, service: Service, port: ServicePortSpec): boolean | undefined {
  const pods = podsOf(cluster, service);
  if (pods.length === 0) return undefined;
  const target = targetOf(port);
  if (typeof target === 'string') return pods.some((pod) => findPort(pod, port) !== undefined);
  return declared(pods, target, port.protocol ?? 'TCP');
}

/** Target ports that were a container port of the Service's pods before a change, and are none after it. */
export const targetPortsLost: DifferenceFinder = (before, after) =>
  servicesOf(after).flatMap(([key, service]) => {
    const earlier = before.cluster.services.get(key);
    if (earlier === undefined || !hasSelector(service)) return [];
    return (service.spec?.ports ?? []).flatMap((port) => {
      const was = (earlier.spec?.ports ?? []).find((one) => samePort(one, port));
      if (was === undefined || isMatched(before.cluster, earlier, was) !== true) return [];
      if (isMatched(after.cluster, service, port) !== false) return [];
      const ports = declaredPorts(podsOf(after.cluster, service));
      const has = ports.length === 0 ? 'they declare no ports' : `they have ${listed(ports)}`;
      const message =
        `Port ${port.port}/${port.protocol ?? 'TCP'} of ${key} goes to target port ${targetOf(port)}, which ` +
        'no container of its pods ' +
        `has: ${has}. Before the change it went to ${targetOf(was)}, which one had.`;
      const evidence = {
        ...portEvidence(key, port),
        targetPort: { before: targetOf(was), after: targetOf(port) },
        containerPorts: ports.slice(0, MAX_LISTED),
      };
      // Where nothing else is known of the connections, this alone does not fail a check.
      return [
        finding('TARGET_PORT_LOST', message, evidence, unmodelledOf(after) === undefined ? undefined : 'WARNING'),
      ];
    });
  });

/** Headless Services whose port and target port differ: nothing maps the one to the other. */
const headlessPortsDiffer: StateFinder = (view) =>
  headlessOf(view).flatMap(([key, service]) => {
    return (service.spec?.ports ?? []).flatMap((port) => {
      const numbers = new Set<number>();
      for (const { ports } of view.cluster.slicesOf(key)) {
        for (const one of ports) if ((one.name ?? '') === (port.name ?? '') && one.port) numbers.add(one.port);
      }
      if (numbers.size === 0 && typeof port.targetPort === 'number') numbers.add(port.targetPort);
      const others = [...numbers].filter((number) => number !== port.port);
      if (others.length === 0) return [];
      const message =
        `Headless Service ${key} has port ${port.port} and target port ${targetOf(port)}, and nothing maps ` +
        'the one to the other: ' +
        `a client that connects to port ${port.port} of a name reaches port ${port.port} of a pod, not ` +
        `${listed(others.map(String))}.`;
      return [finding('HEADLESS_PORT_NOT_MAPPED', message, { ...portEvidence(key, port), endpointPorts: others })];
    });
  });

function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp) return false;
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

const TOLERATES = 'service.alpha.kubernetes.io/tolerate-unready-endpoints';

/**
 * Endpoints that are published as ready, by publishNotReadyAddresses, though their pods are not or are being deleted.
 */
const publishedNotReady: StateFinder = (view) =>
  servicesOf(view).flatMap(([key, service]) => {
    const asked = (service.spec as { readonly publishNotReadyAddresses?: unknown } | undefined)
      ?.publishNotReadyAddresses;
    if (asked !== true && service.metadata.annotations?.[TOLERATES] !== 'true') return [];
    const [namespace = ''] = key.split('/');
    const pods = new Map<string, boolean>();
    for (const { endpoints } of view.cluster.slicesOf(key)) {
      for (const { targetRef, conditions } of endpoints) {
        if (targetRef?.kind !== 'Pod' || conditions?.ready === false) continue;
        const name = `${targetRef.namespace ?? namespace}/${targetRef.name}`;
        const pod = view.cluster.pods.get(name);
        if (pod !== undefined) pods.set(name, isReady(pod));
      }
    }
    const not = [...pods].flatMap(([name, ready]) => (ready ? [] : [name]));
    if (not.length === 0) return [];
    const how = isHeadless(service) ? 'DNS answers with them' : 'new connections go to them';
    const message =
      `${not.length} of ${pods.size} endpoints of ${key} are published though their pods are not ready ` +
      `(publishNotReadyAddresses), and ${how}: ${listed(not)}.`;
    return [
      finding('NOT_READY_PUBLISHED', message, {
        service: key,
        pods: not.slice(0, MAX_LISTED),
        podCount: not.length,
        ofEndpoints: pods.size,
      }),
    ];
  });

/** Services that a change deletes. */
export const servicesDeleted: DifferenceFinder = (before, after) =>
  [...new Set([...before.services, ...after.services])].flatMap((key) => {
    const service = before.cluster.services.get(key);
    if (service === undefined || after.cluster.services.has(key)) return [];
    const isName = service.spec?.type === 'ExternalName';
    const message = isName
      ? `Service ${key} is deleted: its name (ExternalName ${service.spec?.externalName}) is gone.`
      : `Service ${key} is deleted: its name and its addresses are gone.`;
    const addresses = [...new Set([service.spec?.clusterIP, ...(service.spec?.clusterIPs ?? [])])].flatMap((text) =>
      text === undefined || text === 'None' ? [] : (addressOf(text)?.text ?? []),
    );
    // Where nothing else is known of the connections, this alone does not fail a check.
    const severity = unmodelledOf(before) === undefined ? undefined : 'WARNING';
    return [finding('SERVICE_DELETED', message, { service: key, addresses }, severity)];
  });

/** All that is found of selectors, ports and readiness in one state. */
export const selectorFindings: StateFinder = (view: View, thresholds) =>
  [selectorsWithoutPods, portNamesWithoutEndpoint, headlessPortsDiffer, publishedNotReady].flatMap((find) =>
    find(view, thresholds),
  );
