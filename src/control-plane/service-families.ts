/**
 * The IP families of a Service, as the API server settles them. Source: Kubernetes 1.36
 * pkg/registry/core/service/storage/alloc.go.
 */
import { type ApiFault, Faults, Place } from '../api-server/faults.js';
import { sameMeaning } from '../api-server/read-fields.js';
import type { AddressRules } from '../api-server/validation/address-rules.js';
import { checkClusterIPs } from '../api-server/validation/service.js';
import { addressFamily, type IPFamily } from '../base/address.js';
import type { Service } from '../cluster/objects.js';

type Spec = NonNullable<Service['spec']>;

const SPEC = Place.root.child('spec');
const POLICY = SPEC.child('ipFamilyPolicy');

const listOf = (list: readonly string[] | undefined): readonly string[] => list ?? [];
const other = (family: string): IPFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4');

const sameClusterIPs = (a: Spec, b: Spec): boolean => sameMeaning(a.clusterIPs, b.clusterIPs);

/** A Service of PreferDualStack that is left as it is: it gains and loses no address. */
export function isPreferringAsBefore(spec: Spec, before: Spec | undefined): boolean {
  if (before === undefined || spec.type !== before.type || spec.type === 'ExternalName') return false;
  if (spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  if ((before.ipFamilyPolicy ?? 'PreferDualStack') !== 'PreferDualStack') return false;
  return sameClusterIPs(before, spec) && sameMeaning(before.ipFamilies, spec.ipFamilies);
}

/** What `initIPFamilyFields` makes of a spec, or why it refuses it. */
export function withFamilies(
  wanted: Spec,
  before: Spec | undefined,
  known: readonly IPFamily[],
  rules: AddressRules,
): { readonly spec: Spec; readonly faults: readonly ApiFault[] } {
  if (wanted.type === 'ExternalName' || isPreferringAsBefore(wanted, before)) return { spec: wanted, faults: [] };
  const selectorless = wanted.clusterIP === 'None' && Object.keys(wanted.selector ?? {}).length === 0;
  const policy = wanted.ipFamilyPolicy ?? before?.ipFamilyPolicy ?? (selectorless ? 'RequireDualStack' : 'SingleStack');
  let spec: Spec = { ...wanted, ipFamilyPolicy: policy };
  const faults = new Faults();
  checkClusterIPs(spec as never, before as never, faults, rules);
  if (faults.any) return { spec, faults: faults.list };
  const isSingle = policy === 'SingleStack';
  if (before !== undefined && isSingle) {
    const [addresses, families] = [listOf(spec.clusterIPs), listOf(spec.ipFamilies)];
    if (sameClusterIPs(before, spec) && addresses.length > 1) spec = { ...spec, clusterIPs: addresses.slice(0, 1) };
    if (sameMeaning(before.ipFamilies, spec.ipFamilies) && families.length > 1) {
      spec = { ...spec, ipFamilies: families.slice(0, 1) };
    }
  } else if (before !== undefined) {
    const reduced = (key: 'clusterIPs' | 'ipFamilies') =>
      listOf(spec[key]).length > 0 && listOf(spec[key]).length < listOf(before[key]).length;
    if (reduced('clusterIPs'))
      faults.invalid(POLICY, 'ipFamilyPolicy must be SingleStack where the second address goes.');
    if (reduced('ipFamilies'))
      faults.invalid(POLICY, 'ipFamilyPolicy must be SingleStack where the second family goes.');
  }
  if (isSingle) {
    const two = 'ipFamilyPolicy must be RequireDualStack or PreferDualStack where there are two';
    if (listOf(spec.clusterIPs).length === 2) faults.invalid(POLICY, `${two} cluster IPs.`);
    if (listOf(spec.ipFamilies).length === 2) faults.invalid(POLICY, `${two} families.`);
  }
  for (const [index, text] of listOf(spec.clusterIPs).entries()) {
    if (text === 'None') break;
    const family = addressFamily(text);
    if (family === undefined || index < listOf(spec.ipFamilies).length) continue;
    if (known.includes(family)) spec = { ...spec, ipFamilies: [...listOf(spec.ipFamilies), family] };
    else faults.invalid(SPEC.child('clusterIPs').index(index), noRange(family, known));
  }
  if (faults.any) return { spec, faults: faults.list };
  const [first = 'IPv4'] = known;
  if (selectorless) {
    const families = listOf(spec.ipFamilies).length > 0 ? listOf(spec.ipFamilies) : [first];
    const both = families.length < 2 && !isSingle ? [...families, other(families[0] ?? first)] : families;
    return { spec: { ...spec, ipFamilies: both }, faults: [] };
  }
  if (policy === 'RequireDualStack' && known.length < 2) {
    faults.invalid(
      POLICY,
      `ipFamilyPolicy is RequireDualStack, but the cluster is of ${known.join(' and ')} alone, as far as the ` +
        'snapshot shows.',
    );
  }
  for (const [index, family] of listOf(spec.ipFamilies).entries()) {
    if (!known.includes(family as IPFamily))
      faults.invalid(SPEC.child('ipFamilies').index(index), noRange(family, known));
  }
  if (faults.any) return { spec, faults: faults.list };
  let families = listOf(spec.ipFamilies).length > 0 ? listOf(spec.ipFamilies) : [first];
  if (!isSingle && families.length === 1 && known.length === 2) families = [...families, other(families[0] ?? first)];
  return { spec: { ...spec, ipFamilies: families }, faults: [] };
}

function noRange(family: string, known: readonly string[]): string {
  return (
    `The cluster has no range of ${family} cluster IPs, as far as the snapshot shows; its Services are of ` +
    `${known.join(' and ')}.`
  );
}
