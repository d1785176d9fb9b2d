/** The question as a sentence with fields in it: "From … to … by …, IPv4". */
import { useMemo } from 'preact/hooks';
import type { Family, ListedObjects, Via } from '../api/types.js';
import { type Choice, serviceName } from '../state/objects.js';
import { set } from '../state/route.js';
import { type Chosen, CLIENTS, familiesOf, WAYS, waysOf } from '../state/service-question.js';
import { Combobox } from './combobox.js';
import { Select } from './select.js';

export const serviceChoices = (objects: ListedObjects): readonly Choice[] =>
  objects.services.map((one) => ({ value: serviceName(one), detail: `${one.type} ${one.addresses.join(' ')}` }));

const wordsOf = (from: string) => CLIENTS[from as keyof typeof CLIENTS] ?? from;

function clientChoices(objects: ListedObjects): readonly Choice[] {
  return [
    ...Object.values(CLIENTS).map((words) => ({ value: words, detail: '' })),
    ...objects.workloads.map((one) => ({
      value: `${one.kind} ${one.namespace}/${one.name}`,
      detail: `${one.pods} pods`,
    })),
    ...objects.pods.map((one) => ({ value: `pod ${serviceName(one)}`, detail: one.node ?? '' })),
  ];
}

export function Sentence({ chosen, objects }: { chosen: Chosen; objects: ListedObjects }) {
  const { service, port, via, family, from } = chosen;
  const services = useMemo(() => serviceChoices(objects), [objects]);
  const clients = useMemo(() => clientChoices(objects), [objects]);
  const ways = waysOf(service);
  const families = familiesOf(service);
  const pickClients = (words: string) => {
    const word = Object.entries(CLIENTS).find(([, value]) => value === words)?.[0];
    set({ from: word ?? words, groups: undefined });
  };
  const pickService = (name: string) =>
    set({ service: name, port: undefined, via: undefined, family: undefined, open: undefined });
  return (
    <div class="sentence">
      <span>From</span>
      <Combobox label="Clients" value={wordsOf(from)} choices={clients} onPick={pickClients} />
      <span>to</span>
      <Combobox label="Service" value={serviceName(service)} choices={services} onPick={pickService} />
      {service.ports.length > 1 ? (
        <Select
          label="Port"
          value={String(port)}
          options={service.ports.map(
            (one) => [String(one.port), `${one.port} ${one.name ?? ''} ${one.protocol}`] as const,
          )}
          onPick={(value) => set({ port: value })}
        />
      ) : (
        <span>port {port}</span>
      )}
      <span>by</span>
      <Select<Via>
        label="Way"
        value={via}
        options={ways.map((way) => [way, WAYS[way]] as const)}
        onPick={(value) => set({ via: value, from: undefined })}
      />
      {families.length > 1 ? (
        <Select<Family>
          label="Family"
          value={family}
          options={families.map((one) => [one, one] as const)}
          onPick={(value) => set({ family: value })}
        />
      ) : (
        <span>{family}</span>
      )}
    </div>
  );
}
