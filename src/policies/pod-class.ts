/**
 * Which pods network policies do not tell apart: whatever one of them may reach or be reached by, the others may too.
 */
import { type Address, addressOf, type Cidr, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import { matchesSelector } from '../cluster/labels.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { LabelSelector, Pod } from '../cluster/objects.js';
import { type Resource, resourceName } from '../cluster/resources.js';
import { isRelative } from './admin-policy.js';
import { isPoliced, namespaceOf } from './flow.js';
import { editOfPolicies, foreignPoliciesOf, isNetworkPolicy, type PolicyEdit } from './policy-set.js';
import { fieldsOf } from './rule.js';
import { labelsKey, labelText, selectorOf, selectsNamespace } from './selectors.js';

/** What the policies of a cluster look at: every selector and network in them, each once. */
interface Looks {
  readonly podSelectors: SelectorIndex;
  readonly namespaceSelectors: readonly unknown[];
  readonly networks: NetworkIndex;
  /** Namespaces with a NetworkPolicy: a peer without namespaceSelector means the pods of its own. */
  readonly namespaces: ReadonlySet<string>;
  /** Whether some policy compares the labels of namespaces: then pods of two namespaces are never of one class. */
  readonly comparesNamespaces: boolean;
}

/** The fields under which policies have selectors of pods, and of namespaces. */
const POD_FIELDS = new Set(['podSelector']);
const NAMESPACE_FIELDS = new Set(['namespaceSelector', 'namespaces']);

function looksOf(policies: readonly Resource[]): Looks {
  const pods = new Map<string, unknown>();
  const namespaces = new Map<string, unknown>();
  const networks = new Set<string>();
  const own = new Set<string>();
  let comparesNamespaces = false;
  const collect = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      if (name === 'cidr' || name === 'except' || name === 'networks') networks.add(value);
    } else if (Array.isArray(value)) {
      for (const one of value) collect(one, name);
    } else if (typeof value === 'object' && value !== null) {
      if (isRelative(value)) comparesNamespaces = true;
      if (POD_FIELDS.has(name)) pods.set(JSON.stringify(value), value);
      if (NAMESPACE_FIELDS.has(name)) namespaces.set(JSON.stringify(value), value);
      for (const [key, one] of Object.entries(value)) collect(one, key);
    }
  };
  for (const policy of policies) {
    collect(fieldsOf(policy.spec), '');
    if (isNetworkPolicy(policy)) own.add(policy.metadata.namespace ?? 'default');
  }
  return {
    podSelectors: new SelectorIndex([...pods.values()]),
    namespaceSelectors: [...namespaces.values()],
    networks: new NetworkIndex([...networks].flatMap((text) => networkOf(text) ?? [])),
    namespaces: own,
    comparesNamespaces,
  };
}

interface ReadSelector {
  readonly place: number;
  readonly selector: LabelSelector | undefined;
}

/** Many selectors, of which few can match a pod: each is looked up by a label that it asks for. */
class SelectorIndex {
  readonly #byLabel = new Map<string, ReadSelector[]>();

  constructor(selectors: readonly unknown[]) {
    for (const [place, value] of selectors.entries()) {
      const selector = selectorOf(value);
      const [first] = Object.entries(selector?.matchLabels ?? {});
      const label = first === undefined ? '' : labelText(...first);
      remember(this.#byLabel, label, (): ReadSelector[] => []).push({ place, selector });
    }
  }

  /** The places of those that select the pod. */
  matching(pod: Pod): readonly number[] {
    const labels = ['', ...Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => labelText(key, value))];
    return labels
      .flatMap((label) => this.#byLabel.get(label) ?? [])
      .filter(({ selector }) => matchesSelector(pod.metadata.labels, selector))
      .map(({ place }) => place)
      .sort((a, b) => a - b);
  }
}

/** Many networks, of few lengths of prefixes: an address is looked up once for each length. */
class NetworkIndex {
  readonly #byLength = new Map<string, { readonly shift: bigint; readonly family: string; prefixes: Set<bigint> }>();

  constructor(networks: readonly Cidr[]) {
    for (const { family, bits: first, length } of networks) {
      const shift = BigInt((family === 'IPv4' ? 32 : 128) - length);
      const known = remember(this.#byLength, `${family} ${length}`, () => ({
        shift,
        family,
        prefixes: new Set<bigint>(),
      }));
      known.prefixes.add(first >> shift);
    }
  }

  /** The networks that an address is in, as text. */
  holding({ family, bits: own }: Address): readonly string[] {
    const found: string[] = [];
    for (const one of this.#byLength.values()) {
      const prefix = own >> one.shift;
      if (one.family === family && one.prefixes.has(prefix)) found.push(`${prefix}/${one.shift}`);
    }
    return found;
  }
}

const looks = new WeakMap<Cluster['resources'], Looks>();
const ofLabels = new WeakMap<Cluster['resources'], Map<string, string>>();
const ofNamespaces = new WeakMap<Cluster['resources'], Map<string, string>>();

const bits = <T>(items: readonly T[], matches: (item: T) => boolean | undefined): string =>
  items
    .map((item) => {
      const is = matches(item);
      return is === undefined ? '?' : is ? '1' : '0';
    })
    .join('');

/** A class of pods: as text, which tells what is the same of them, and as a number, which takes less to look up. */
interface PodClass {
  readonly text: string;
  readonly number: number;
}

interface Classes {
  readonly ofTexts: Map<string, PodClass>;
  readonly ofPods: WeakMap<Pod, PodClass>;
}

const classes = new WeakMap<Cluster['resources'], Classes>();

function podClassOf(cluster: Cluster, pod: Pod): PodClass {
  const { ofTexts, ofPods } = remember(classes, cluster.resources, (): Classes => {
    return { ofTexts: new Map(), ofPods: new WeakMap() };
  });
  return remember(ofPods, pod, () => {
    const text = classText(cluster, pod);
    return remember(ofTexts, text, () => ({ text, number: ofTexts.size }));
  });
}

function classText(cluster: Cluster, pod: Pod): string {
  if (!isPoliced(pod)) return `node ${pod.spec?.nodeName ?? ''}`;
  // After an edit the selectors of its policies are added to those before: more classes than needed, never fewer.
  const edit = editOfPolicies(cluster);
  return edit === undefined ? classOf(cluster, pod) : `${podClass(edit.root, pod)}+${classByEdit(cluster, edit, pod)}`;
}

/**
 * Equal for pods that no policy of the cluster tells apart, by labels, namespace, address or the names of their ports.
 * A pod in its node's network is its node to policies, and a class of its own.
 */
export function podClass(cluster: Cluster, pod: Pod): string {
  return podClassOf(cluster, pod).text;
}

/** The same as a number; other clusters have others. */
export function podClassNumber(cluster: Cluster, pod: Pod): number {
  return podClassOf(cluster, pod).number;
}

/** What the changed policies tell apart. */
function classByEdit(cluster: Cluster, { changed }: PolicyEdit, pod: Pod): string {
  const { podSelectors, namespaceSelectors, networks, namespaces } = remember(looks, cluster.resources, () =>
    looksOf(changed),
  );
  const namespace = namespaceOf(pod);
  return [
    namespaces.has(namespace) ? namespace : '',
    bits(namespaceSelectors, (one) => selectsNamespace(cluster, one, namespace)),
    podSelectors.matching(pod).join(','),
    insideOf(networks, pod),
  ].join(' ');
}

const insideOf = (networks: NetworkIndex, pod: Pod) =>
  podAddresses(pod)
    .flatMap((text) => addressOf(text) ?? [])
    .flatMap((address) => networks.holding(address).map((text) => `${address.family} ${text}`))
    .join(',');

/** Which selectors select a namespace. */
function inNamespace(cluster: Cluster, selectors: readonly unknown[], namespace: string): string {
  return [
    bits(selectors, (one) => selectsNamespace(cluster, one, namespace)),
    // The API's first form of administrators' policies wraps the selector of namespaces.
    bits(selectors, (one) => selectsNamespace(cluster, fieldsOf(one).namespaceSelector, namespace)),
  ].join(' ');
}

function classOf(cluster: Cluster, pod: Pod): string {
  const all = remember(looks, cluster.resources, () => looksOf(policiesOf(cluster)));
  const { podSelectors, namespaceSelectors, networks, namespaces } = all;
  const namespace = namespaceOf(pod);
  const byLabels = remember(ofLabels, cluster.resources, () => new Map<string, string>());
  const namespacesOf = remember(ofNamespaces, cluster.resources, () => new Map<string, string>());
  const selected = remember(byLabels, labelsKey(pod), () =>
    [
      namespaces.has(namespace) || all.comparesNamespaces ? namespace : '',
      remember(namespacesOf, namespace, () => inNamespace(cluster, namespaceSelectors, namespace)),
      podSelectors.matching(pod).join(','),
      foreignPoliciesOf(cluster, pod).map(resourceName).join(','),
    ].join(' '),
  );
  const inside = insideOf(networks, pod);
  const ports = (pod.spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).flatMap(({ name, containerPort, protocol = 'TCP' }) =>
      name === undefined ? [] : [`${name}=${containerPort}/${protocol}`],
    ),
  );
  return [selected, inside, ports.sort().join(',')].join('|');
}
