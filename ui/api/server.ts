/** The REST interface, as openapi/kube-whatif.yaml describes it. Nothing else of a server is asked. */
import { inflated } from './digest.js';
import { type Engine, type Form, Refused, type SnapshotFile, Unreachable } from './engine.js';
import type { Body, HeldSnapshot, Kind, NamedSnapshots, Problem } from './types.js';

/** The bearer token. It is kept in this variable alone: a reload forgets it. */
let token = '';

/** Takes a token for all requests from now on. */
export function setToken(text: string): void {
  token = text.trim();
}

function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...more, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
}

/** A problem document out of a response's text; something in its shape where the text is not one, as a proxy's page. */
function problemOf(status: number, text: string): Problem {
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.detail === 'string') return { ...problem, errors: problem.errors ?? [] };
  } catch {
    // Reported below.
  }
  const detail = `The server answered with status ${status}, and not with a problem document.`;
  return { type: 'about:blank', title: 'Not an answer', status, detail, code: 'INTERNAL', errors: [] };
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new Unreachable();
  }
}

async function ask(kind: Kind, body: Body, form: Form, signal?: AbortSignal): Promise<string> {
  const init = { method: 'POST', headers: headers({ 'content-type': 'application/json' }), body: JSON.stringify(body) };
  const response = await reach(`v1/${kind}?form=${form}`, signal === undefined ? init : { ...init, signal });
  const text = await response.text();
  if (!response.ok) throw new Refused(problemOf(response.status, text));
  return text;
}

/** `fetch` does not say how much has been sent; XMLHttpRequest does. */
async function hold(
  digest: string,
  given: readonly SnapshotFile[],
  progress: (part: number) => void,
): Promise<HeldSnapshot> {
  const files = await Promise.all(given.map(inflated));
  return await new Promise((resolve, reject) => {
    const form = new FormData();
    for (const { name, file } of files) form.append('snapshot', file, name);
    const request = new XMLHttpRequest();
    request.open('PUT', `v1/snapshots/${digest}`);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(new Unreachable());
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as HeldSnapshot);
      else reject(new Refused(problemOf(request.status, request.responseText)));
    };
    request.send(form);
  });
}

async function holds(digest: string): Promise<boolean> {
  const { ok, status } = await reach(`v1/snapshots/${digest}`, { method: 'HEAD', headers: headers() });
  // Without its token nothing can be said: the question itself will ask for one.
  return ok || status === 401;
}

async function names(): Promise<readonly NamedSnapshots[]> {
  const response = await reach('v1/snapshots?versions=300', { headers: headers() });
  const text = await response.text();
  if (!response.ok) throw new Refused(problemOf(response.status, text));
  return (JSON.parse(text) as { readonly names: readonly NamedSnapshots[] }).names;
}

export const server: Engine = { where: 'SERVER', ask, hold, holds, names };
