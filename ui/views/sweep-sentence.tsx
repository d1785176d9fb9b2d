/** The question of a sweep as a sentence: what is scaled, the bound, and how much is sent. */
import { useState } from 'preact/hooks';
import type { ListedObjects } from '../api/types.js';
import { scalable } from '../state/objects.js';
import { set } from '../state/route.js';
import {
  BOUNDS,
  type BoundName,
  isAmount,
  readLimit,
  type SweepChosen,
  type TrafficUnit,
  UNITS,
} from '../state/sweep-question.js';
import { Combobox } from './combobox.js';
import { Select } from './select.js';

function NumberField({ label, value, name }: { label: string; value: number; name: string }) {
  return (
    <label>
      {label}{' '}
      <input
        type="number"
        min={0}
        max={5000}
        value={value}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
      />
    </label>
  );
}

interface AmountProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  onFault(says: string): void;
}

function AmountField({ name, label, value, placeholder, onFault }: AmountProps) {
  return (
    <label>
      <span class="hidden">{label}</span>
      <input
        type="text"
        inputMode="decimal"
        size={8}
        placeholder={placeholder}
        value={value}
        onChange={({ currentTarget }) => {
          const text = currentTarget.value.trim();
          onFault(isAmount(text) ? '' : `${label}: a number above 0.`);
          if (isAmount(text)) set({ [name]: text });
        }}
      />
    </label>
  );
}

export function SweepSentence({ chosen, objects }: { chosen: SweepChosen; objects: ListedObjects }) {
  const [fault, setFault] = useState('');
  return (
    <div class="sentence">
      <span>Scale</span>
      <Combobox
        label="Workload"
        value={chosen.workload}
        choices={scalable(objects)}
        onPick={(workload) => set({ workload, least: undefined, most: undefined, step: undefined })}
      />
      <NumberField label="from" value={chosen.from} name="least" />
      <NumberField label="to" value={chosen.to} name="most" />
      <span>so that</span>
      <Select<BoundName>
        label="Bound"
        value={chosen.boundName}
        options={Object.entries(BOUNDS).map(([name, words]) => [name as BoundName, words] as const)}
        onPick={(boundOf) => set({ boundOf })}
      />
      <label>
        <span class="hidden">Limit</span>
        <input
          type="text"
          size={8}
          placeholder="1/20 or 5 %"
          value={chosen.bound}
          onChange={({ currentTarget }) => {
            const text = currentTarget.value;
            const isRight = text.trim() === '' || readLimit(text) !== undefined;
            setFault(isRight ? '' : 'A limit is a fraction, as 1/20, or a percentage, as 5 %.');
            if (isRight) set({ bound: text });
          }}
        />
      </label>
      <span>when there are</span>
      <AmountField
        name="amount"
        label="Amount of traffic"
        value={chosen.amount}
        placeholder="no amount"
        onFault={setFault}
      />
      <Select<TrafficUnit>
        label="Unit of traffic"
        value={chosen.unit}
        options={Object.entries(UNITS).map(([name, words]) => [name as TrafficUnit, words] as const)}
        onPick={(unit) => set({ unit })}
      />
      <span>of which a pod takes</span>
      <AmountField
        name="capacity"
        label="What a pod takes"
        value={chosen.capacity}
        placeholder="any"
        onFault={setFault}
      />
      {fault === '' ? null : (
        <span class="fault" role="alert">
          {fault}
        </span>
      )}
    </div>
  );
}
