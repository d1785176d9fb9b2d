/** Asks for a Service where a view needs one and the address names none, or one that is not there. */
import type { ListedObjects, ListedService } from '../api/types.js';
import { findService, useObjects } from '../state/objects.js';
import { route, set } from '../state/route.js';
import { type Chosen, chosenOf } from '../state/service-question.js';
import { Combobox } from './combobox.js';
import { Empty, FailureBox, Waiting } from './parts.js';
import { serviceChoices } from './sentence.js';

export function ChooseService({ objects, says }: { objects: ListedObjects; says: string }) {
  return (
    <Empty title={says}>
      <Combobox
        label="Service"
        placeholder="Name of a Service"
        value=""
        choices={serviceChoices(objects)}
        onPick={(name) => set({ service: name })}
      />
    </Empty>
  );
}

interface Chooses {
  /** What is in the view's place where there is no Service yet. */
  readonly instead: preact.JSX.Element | undefined;
  readonly chosen: Chosen | undefined;
  readonly objects: ListedObjects;
}

/** The Service that the address names, with what it chooses of it. */
export function useChosenService(): Chooses {
  const { objects, answer, failure } = useObjects();
  const { parameters } = route.value;
  const { service: name = '' } = parameters;
  if (failure !== undefined) return { instead: <FailureBox failure={failure} />, chosen: undefined, objects };
  if (answer === undefined) return { instead: <Waiting what="Reading the cluster" />, chosen: undefined, objects };
  const service: ListedService | undefined = findService(objects, name);
  if (service === undefined) {
    const says = name === '' ? 'Choose a Service' : `There is no Service ${name}. Choose another.`;
    return { instead: <ChooseService objects={objects} says={says} />, chosen: undefined, objects };
  }
  if (service.ports.length === 0 || service.type === 'ExternalName') {
    return {
      instead: (
        <Empty title={`Service ${name} has no way to ask about`}>
          <p>
            {service.type === 'ExternalName' ? 'It is of type ExternalName: a name in DNS alone.' : 'It has no ports.'}
          </p>
        </Empty>
      ),
      chosen: undefined,
      objects,
    };
  }
  return { instead: undefined, chosen: chosenOf(service, parameters), objects };
}
