/** A field that completes names while one types: the combobox of the ARIA authoring practices, with a list below. */
import { useId, useRef, useState } from 'preact/hooks';
import { type Choice, matching } from '../state/objects.js';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly placeholder?: string;
  /** Whether any text will do, or only one of the choices. */
  readonly free?: boolean;
  readonly autofocusKey?: boolean;
  readonly clears?: boolean;
  onPick(value: string): void;
}

export function Combobox({
  label,
  value,
  choices,
  placeholder = '',
  free = false,
  clears = false,
  onPick,
  autofocusKey,
}: Props) {
  const id = useId();
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const shown = typed === undefined ? [] : matching(choices, typed);
  const isOpen = typed !== undefined && shown.length > 0;
  const close = () => {
    setTyped(undefined);
    setActive(0);
  };
  const pick = (picked: string) => {
    close();
    if (clears && input.current !== null) input.current.value = '';
    onPick(picked);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (typed === undefined) setTyped('');
      else if (shown.length > 0) {
        setActive((active + (event.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length);
      }
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const chosen = shown[active]?.value;
      if (isOpen && chosen !== undefined && (!free || typed !== chosen)) pick(chosen);
      else if (free && typed !== undefined) pick(typed);
    } else if (event.key === 'Escape' && typed !== undefined) {
      event.stopPropagation();
      close();
    }
  };
  const leave = () => {
    if (typed === undefined) return;
    if (free && typed !== '' && typed !== value) pick(typed);
    else close();
  };
  return (
    <span class="combobox">
      <label for={id} class="hidden">
        {label}
      </label>
      <input
        id={id}
        ref={input}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        {...(autofocusKey === true ? { 'data-search': '' } : {})}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen ? `${id}-${active}` : undefined}
        placeholder={placeholder}
        value={typed ?? value}
        title={value}
        onFocus={({ currentTarget }) => currentTarget.select()}
        onClick={() => typed === undefined && setTyped('')}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={leave}
      />
      <span id={`${id}-list`} role="listbox" aria-label={label} class="choices" hidden={!isOpen}>
        {shown.map((choice, index) => (
          <span
            key={choice.value}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onPointerDown={(event) => {
              event.preventDefault();
              pick(choice.value);
            }}
          >
            <span class="choice">{choice.value}</span> <span class="detail">{choice.detail}</span>
          </span>
        ))}
      </span>
    </span>
  );
}
