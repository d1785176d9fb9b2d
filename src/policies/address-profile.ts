/** Which nodes policies tell apart by their addresses. */
import { type Address, addressOf, type Cidr, cidrContains, type IPFamily, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { nodeAddresses } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { Resource } from '../cluster/resources.js';
import { editOfPolicies } from './policy-set.js';
import { fieldsOf, listOf } from './rule.js';

/** Every network that a rule of the cluster's NetworkPolicies for incoming connections names. */
function networksOf(cluster: Cluster): readonly Cidr[] {
  return remember(networks, cluster.resources, () => {
    // Networks of policies that an edit deletes may stay in the list: more classes of nodes than needed, never fewer.
    const edit = editOfPolicies(cluster);
    return edit === undefined
      ? networksIn(policiesOf(cluster))
      : [...networksOf(edit.root), ...networksIn(edit.changed)];
  });
}

function networksIn(policies: readonly Resource[]): readonly Cidr[] {
  const texts = new Set<string>();
  for (const { spec } of policies) {
    for (const rule of listOf(fieldsOf(spec).ingress)) {
      for (const peer of listOf(fieldsOf(rule).from)) {
        const { cidr, except } = fieldsOf(fieldsOf(peer).ipBlock);
        for (const text of [cidr, ...listOf(except)]) if (typeof text === 'string') texts.add(text);
      }
    }
  }
  return [...texts].flatMap((text) => networkOf(text) ?? []);
}

const networks = new WeakMap<Cluster['resources'], readonly Cidr[]>();
const profiles = new WeakMap<Cluster['resources'], Map<string, string>>();

/**
 * Equal for nodes whose addresses are in the same networks of policies, and `further` ones, of one family, that
 * policies see of a node.
 */
export function addressProfile(
  cluster: Cluster,
  node: string,
  family: IPFamily,
  further: () => readonly string[],
): string {
  if (policiesOf(cluster).length === 0 || networksOf(cluster).length === 0) return '';
  const known = remember(profiles, cluster.resources, () => new Map<string, string>());
  return remember(known, `${family} ${node}`, () => {
    const object = cluster.nodes.get(node);
    const own = object === undefined ? [] : nodeAddresses(object).flatMap((text) => addressOf(text) ?? []);
    const others = further().flatMap((text) => addressOf(text) ?? []);
    return networksOf(cluster)
      .map((cidr) => {
        const isIn = (address: Address) => cidrContains(cidr, address);
        return [own.some(isIn), ...others.map(isIn)].map(Number).join('');
      })
      .join(' ');
  });
}
