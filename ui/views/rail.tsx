/** The left rail: the cluster, a search over all its names, and the views. */
import { useMemo, useState } from 'preact/hooks';
import type { ListedObjects } from '../api/types.js';
import { type Choice, serviceName, useObjects } from '../state/objects.js';
import { addressOf, go, type ViewName } from '../state/route.js';
import { digest, engine, nameOf } from '../state/session.js';
import { Combobox } from './combobox.js';

/** Everything that has a name or an address, as the search offers it. */
function choicesOf(objects: ListedObjects): readonly Choice[] {
  return [
    ...objects.services.map((one) => ({
      value: `service ${serviceName(one)}`,
      detail: [...one.addresses, ...one.outsideAddresses].join(' '),
    })),
    ...objects.workloads.map((one) => ({
      value: `${one.kind} ${one.namespace}/${one.name}`,
      detail: `${one.pods} pods`,
    })),
    ...objects.nodes.map((one) => ({ value: `node ${one.name}`, detail: one.addresses.join(' ') })),
    ...objects.pods.map((one) => ({
      value: `pod ${serviceName(one)}`,
      detail: [...one.addresses, one.node ?? ''].join(' '),
    })),
  ];
}

/** Where what was found leads: a Service to its shares, a workload to its sweep, senders to a path. */
function show(found: string): void {
  const [kind = '', name = ''] = found.split(' ');
  if (kind === 'service') go(addressOf('shares', { service: name }));
  else if (['Deployment', 'StatefulSet', 'ReplicaSet'].includes(kind)) go(addressOf('sweep', { workload: found }));
  else go(addressOf('path', { source: found }));
}

const LINKS: readonly (readonly [ViewName, string])[] = [
  ['services', 'Services'],
  ['findings', 'Findings'],
  ['path', 'Path'],
  ['what-if', 'What if'],
  ['sweep', 'Sweep'],
  ['cluster', 'Cluster and assumptions'],
];

function counts(kinds: Readonly<Record<string, number>> | undefined): string {
  const of = (kind: string, word: string) => `${kinds?.[kind] ?? 0} ${word}`;
  return kinds === undefined ? '' : [of('Service', 'Services'), of('Pod', 'pods'), of('Node', 'nodes')].join(' · ');
}

export function Rail({ view }: { view: ViewName }) {
  const [isOpen, setOpen] = useState(false);
  const { objects, answer } = useObjects();
  const choices = useMemo(() => choicesOf(objects), [objects]);
  const name = nameOf(digest.value);
  return (
    <aside class={`rail${isOpen ? ' opened' : ''}`} aria-label="Cluster and views">
      <div class="rail-head">
        <a class="product" href="#/">
          kube-whatif
        </a>
        <button
          type="button"
          class="small menu"
          aria-expanded={isOpen}
          aria-controls="rail-body"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
      </div>
      <div id="rail-body" class="rail-body">
        <div class="cluster">
          <p class="file" title={`${name} ${digest.value}`}>
            {name}
          </p>
          <p class="detail">{counts(answer?.snapshot.counts)}</p>
          <p class="detail">
            <a href="#/">change</a> · {engine.value.where === 'SERVER' ? 'asks the server' : 'asks this browser'}
          </p>
        </div>
        <Combobox
          label="Search Services, workloads, pods, nodes and addresses"
          placeholder="Search  ( / )"
          value=""
          clears
          autofocusKey
          choices={choices}
          onPick={(found) => {
            setOpen(false);
            show(found);
          }}
        />
        <nav aria-label="Views">
          {LINKS.map(([to, words]) => (
            <a
              key={to}
              href={addressOf(to)}
              aria-current={to === view ? 'page' : undefined}
              onClick={() => setOpen(false)}
            >
              {words}
            </a>
          ))}
        </nav>
      </div>
    </aside>
  );
}
