/**
 * The address of what is seen: `#/DIGEST/VIEW?NAME=VALUE…`, or `#/@NAME/VIEW…` for the newest snapshot that the server
 * has under a name. It is behind the `#`, so that names of a cluster never reach a server's log, and so that the
 * page works in any folder. Everything that can be sent to a colleague is in it.
 */
import { signal } from '@preact/signals';

export type ViewName = 'open' | 'services' | 'findings' | 'shares' | 'rules' | 'path' | 'what-if' | 'sweep' | 'cluster';

const VIEWS: readonly ViewName[] = [
  'open',
  'services',
  'findings',
  'shares',
  'rules',
  'path',
  'what-if',
  'sweep',
  'cluster',
];

export type Parameters = Readonly<Record<string, string>>;

export interface Route {
  /** `sha256:…`; empty: no snapshot yet. */
  readonly digest: string;
  /** A name that the server has, as `prod` or `prod@-1`, whose digest is to be found. */
  readonly named?: string;
  readonly view: ViewName;
  readonly parameters: Parameters;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads the part of an address behind `#`. Whatever it is not is the beginning. */
function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const [, digest = '', name = 'services'] = path.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return '';
    }
  });
  const view = VIEWS.find((one) => one === name) ?? 'services';
  const parameters = Object.fromEntries(new URLSearchParams(query));
  if (digest.startsWith('@')) return { digest: '', named: digest.slice(1), view, parameters };
  return DIGEST.test(digest) ? { digest, view, parameters } : { digest: '', view: 'open', parameters: {} };
}

/** Parameters in a fixed order, those that are empty left out: the same view has the same address. */
export function writeRoute({ digest, named, view, parameters }: Route): string {
  const which = named === undefined ? digest : `@${encodeURIComponent(named)}`;
  if (which === '') return '#/';
  const used = Object.entries(parameters).filter(([, value]) => value !== '');
  used.sort(([a], [b]) => (a < b ? -1 : 1));
  // A space as %20 rather than +, which chat programs cut.
  const query = used.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `#/${which}/${view}${query === '' ? '' : `?${query}`}`;
}

export const route = signal<Route>(readRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = readRoute(location.hash);
});

/** Parameters that hold for every view of a snapshot. */
const KEPT = ['changes', 'settings', 'side', 'name'] as const;

/** The address of another view of the same snapshot; what is changed and assumed goes along. */
export function addressOf(view: ViewName, parameters: Parameters = {}): string {
  const { digest, parameters: now } = route.value;
  const kept = Object.fromEntries(KEPT.flatMap((name) => (now[name] === undefined ? [] : [[name, now[name]]])));
  return writeRoute({ digest, view, parameters: { ...kept, ...parameters } });
}

/** Goes to an address. `replace`: without an entry in the browser's history. */
export function go(address: string, replace = false): void {
  if (address === location.hash) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  route.value = readRoute(location.hash);
}

/** Changes parameters of the present view; undefined or an empty one removes. */
export function set(changed: Readonly<Record<string, string | undefined>>, replace = false): void {
  const { parameters, ...rest } = route.value;
  const next = Object.fromEntries(
    Object.entries({ ...parameters, ...changed }).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  go(writeRoute({ ...rest, parameters: next }), replace);
}
