/** The ranges from which Services get addresses, as ServiceCIDR objects (networking.k8s.io, 1.31) say it. */

import { type Cidr, type IPFamily, parseCidr } from '../base/address.js';
import { fieldsOf } from '../base/record.js';
import { remember } from '../base/remember.js';
import type { Cluster } from './cluster.js';
import { resourceRole } from './resources.js';

const known = new WeakMap<Cluster['resources'], readonly Cidr[]>();

/** The ranges of one family, in the order of their text; none where the snapshot holds no ServiceCIDR. */
export function serviceCidrs(cluster: Cluster, family: IPFamily): readonly string[] {
  const all = remember(known, cluster.resources, () =>
    [...cluster.resources.values()]
      .filter(({ kind, apiVersion }) => resourceRole(kind, apiVersion) === 'ADDRESS_RANGE')
      .flatMap(({ spec }) => {
        const { cidrs } = fieldsOf(spec);
        return (Array.isArray(cidrs) ? cidrs : []).flatMap((text) =>
          typeof text === 'string' ? (parseCidr(text) ?? []) : [],
        );
      }),
  );
  const texts = all.filter((cidr) => cidr.family === family).map(({ text }) => text);
  return [...new Set(texts)].sort();
}
