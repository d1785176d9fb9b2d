/** A choice of few words inside a sentence: the browser's own list. */
import { useId } from 'preact/hooks';

interface Props<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  onPick(value: T): void;
}

export function Select<T extends string>({ label, value, options, onPick }: Props<T>) {
  const id = useId();
  return (
    <span class="select">
      <label for={id} class="hidden">
        {label}
      </label>
      <select id={id} value={value} onChange={({ currentTarget }) => onPick(currentTarget.value as T)}>
        {options.map(([name, words]) => (
          <option key={name} value={name} selected={name === value}>
            {words}
          </option>
        ))}
      </select>
    </span>
  );
}
