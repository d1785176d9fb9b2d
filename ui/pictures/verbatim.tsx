/** Text as it is on a node or in a terminal, and a button that copies it. */
import { useState } from 'preact/hooks';

/** Copies text; says that it did. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS there is no clipboard for scripts but this one.
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    setDone(true);
  };
  return (
    <button type="button" class="small" onClick={copy} onBlur={() => setDone(false)}>
      {done ? 'Copied' : label}
    </button>
  );
}

/** Text as it is on a node or in a terminal, to copy. */
export function Verbatim({ text, label }: { text: string; label: string }) {
  return (
    <div class="verbatim">
      <Copy text={text} />
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
