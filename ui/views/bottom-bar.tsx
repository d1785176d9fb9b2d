/** The bar below: what is seen as a request, as a link, as a file. */
import { useState } from 'preact/hooks';
import { asCommand, asGrpc, asRest } from '../state/as-request.js';
import { failureOf } from '../state/ask.js';
import { saveForm, savePng, saveSvg } from '../state/export.js';
import { route } from '../state/route.js';
import { engine } from '../state/session.js';
import { drawing, type Shown, shown } from '../state/shown.js';
import { Copy, Verbatim } from './parts.js';

type Form = 'REST' | 'command line' | 'gRPC';

function AsRequest({ of }: { of: Shown }) {
  const onServer = engine.value.where === 'SERVER';
  const forms: readonly Form[] = onServer ? ['REST', 'command line', 'gRPC'] : ['command line', 'REST', 'gRPC'];
  const [form, setForm] = useState<Form>(forms[0] as Form);
  const base = onServer ? location.href.replace(/\/?(index\.html)?([?#].*)?$/, '') : 'http://127.0.0.1:8080';
  const host = onServer ? location.hostname : '127.0.0.1';
  const texts: Readonly<Record<Form, string>> = {
    REST: asRest(of, base),
    'command line': asCommand(of),
    gRPC: asGrpc(of, host),
  };
  return (
    <section class="as-request" aria-label="As a request">
      <span class="switch" role="group" aria-label="Form of the request">
        {forms.map((name) => (
          <button key={name} type="button" aria-pressed={name === form} onClick={() => setForm(name)}>
            {name}
          </button>
        ))}
      </span>
      <Verbatim text={texts[form]} label={`The request for ${form}`} />
    </section>
  );
}

const FILES = ['SVG', 'PNG', 'Markdown', 'CSV'] as const;

async function saveAs(file: (typeof FILES)[number], of: Shown): Promise<void> {
  const name = ['kube-whatif', of.kind, route.value.parameters.service?.replace('/', '-')].filter(Boolean).join('-');
  // What if shows two pictures of one thing.
  const count = route.value.view === 'what-if' ? 2 : 1;
  if (file === 'SVG') saveSvg(name, count);
  else if (file === 'PNG') await savePng(name, count);
  else await saveForm(of, file === 'CSV' ? 'csv' : 'markdown', name);
}

/** Views with a picture: lists are none, and hops are drawn to be saved. */
const DRAWN: ReadonlySet<string> = new Set(['shares', 'rules', 'what-if', 'sweep']);

export function BottomBar() {
  const [isOpen, setOpen] = useState(false);
  const [fault, setFault] = useState('');
  const of = shown.value;
  if (of === undefined) return null;
  const files = FILES.filter(
    (file) => DRAWN.has(route.value.view) || drawing.value !== undefined || file === 'Markdown' || file === 'CSV',
  );
  return (
    <footer class="bottom" aria-label="Request, link and files">
      {isOpen ? <AsRequest of={of} /> : null}
      <div class="bar">
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          As a request
        </button>
        <Copy text={location.href} label="Copy link" />
        <span class="detail">Save as</span>
        {files.map((file) => (
          <button
            key={file}
            type="button"
            class="small"
            onClick={() => {
              setFault('');
              saveAs(file, of).catch((error: unknown) => setFault(failureOf(error).says));
            }}
          >
            {file}
          </button>
        ))}
        {fault === '' ? null : (
          <span class="fault" role="alert">
            {fault}
          </span>
        )}
      </div>
    </footer>
  );
}
