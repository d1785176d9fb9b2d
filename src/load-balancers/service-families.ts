import type { IPFamily } from '../base/address.js';
import type { Service } from '../cluster/objects.js';
import { FAMILIES } from '../cluster/settings.js';

/** The IP families of a Service, IPv4 first; IPv4 alone where its object names none, as before dual-stack. */
export function serviceFamiliesOf({ spec }: Service): readonly IPFamily[] {
  const named = FAMILIES.filter((family) => spec?.ipFamilies?.includes(family));
  if (named.length > 0) return named;
  return spec?.clusterIP?.includes(':') ? ['IPv6'] : ['IPv4'];
}
