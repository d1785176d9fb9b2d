import t from 'tap';
import type { EndpointSlice } from '../../src/cluster/objects.js';
import { syncEndpointSlices } from '../../src/control-plane/endpointslices.js';
import { clusterOf, goldenCases, type ObjectList } from './golden.js';

interface SlicesCase {
  readonly input: ObjectList;
  readonly output: { readonly items: readonly EndpointSlice[] };
  readonly info: { readonly syncErrors?: Readonly<Record<string, string>> };
}

/** The slices as the recordings have them: new ones named by number, endpoints by address, defaults left out. */
function normalised(slices: readonly EndpointSlice[], existing: ReadonlySet<string>): unknown[] {
  const plain = slices.map((slice) => {
    const { name, labels, annotations, ownerReferences, namespace } = slice.metadata;
    const endpoints = [...(slice.endpoints ?? [])].sort((a, b) =>
      (a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1,
    );
    return {
      name: existing.has(name) ? name : 'new',
      namespace,
      labels,
      annotations,
      ownerReferences,
      addressType: slice.addressType,
      endpoints,
      ports: slice.ports ?? [],
    };
  });
  const key = (slice: (typeof plain)[number]) =>
    JSON.stringify([slice.name, slice.addressType, slice.ports, slice.endpoints.length, slice.endpoints]);
  return plain.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

for (const [name, { input, output, info }] of goldenCases<SlicesCase>('endpointslices')) {
  t.test(`recorded: ${name}`, async (t) => {
    let cluster = clusterOf(input);
    const existing = new Set([...cluster.endpointSlices.values()].map((slice) => slice.metadata.name));
    const skipped: string[] = [];
    for (const service of cluster.services.values()) {
      const triggerTime = service.metadata.creationTimestamp ?? '';
      const { edit, podsWithoutNode } = syncEndpointSlices(cluster, service, { triggerTime });
      skipped.push(...podsWithoutNode);
      cluster = cluster.with({ endpointSlices: edit });
      const again = syncEndpointSlices(cluster, service, { triggerTime });
      t.equal(again.edit.size, 0, 'a second sync changes nothing');
    }
    t.same(normalised([...cluster.endpointSlices.values()], existing), normalised(output.items, existing));
    const errors = Object.values(info.syncErrors ?? {}).join();
    t.equal(skipped.length > 0, errors !== '', 'pods without node');
    for (const pod of skipped) t.match(errors, pod.split('/')[1] as string);
    for (const slice of cluster.endpointSlices.values()) {
      t.ok(slice.metadata.name.length <= 63, 'a name that the API server would make');
    }
  });
}
