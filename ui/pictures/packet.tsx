/** A packet's header, and what of it was rewritten on the way. */
import type { Header } from '../api/types.js';

const at = (address: string, port: number | undefined) =>
  port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function End({ text, was }: { text: string; was: string | undefined }) {
  if (was === undefined || was === text) return <code>{text}</code>;
  return (
    <>
      <del class="was">{was}</del> <ins class="rewritten">{text}</ins>
    </>
  );
}

/** The header; beside `before`, what is another is marked, by more than its colour. */
export function Packet({ header, before }: { header: Header; before?: Header | undefined }) {
  const source = at(header.source, header.sourcePort);
  const destination = at(header.destination, header.destinationPort);
  const marked = Number(header.mark) !== 0 || (before !== undefined && before.mark !== header.mark);
  return (
    <span class="packet">
      <End text={source} was={before && at(before.source, before.sourcePort)} />
      <span class="hidden">to</span>
      <span aria-hidden="true"> → </span>
      <End text={destination} was={before && at(before.destination, before.destinationPort)} />
      {marked ? (
        <span class="mark-value">
          {' '}
          mark <End text={header.mark} was={before?.mark} />
        </span>
      ) : null}
    </span>
  );
}
