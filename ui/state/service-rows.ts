/**
 * The rows of the Services list: what each Service is, and, once asked, its worst shares and findings. Sorted and
 * filtered here.
 */
import type { Finding, InspectedService, ListedService } from '../api/types.js';
import { serviceName } from './objects.js';

export interface ServiceRow {
  readonly name: string;
  readonly service: ListedService;
  /** Absent until it was asked about. */
  readonly shares: InspectedService | undefined;
  readonly findings: readonly Finding[];
  readonly text: string;
}

export type SortKey = 'name' | 'type' | 'endpoints' | 'policy' | 'imbalance' | 'zone' | 'lost' | 'findings';

/** The Service that a finding is about, `namespace/name`; undefined: about none, or the whole cluster. */
export function serviceOf({ evidence }: Finding): string | undefined {
  const { service } = evidence;
  if (typeof service === 'string' && /^[^/\s:]+\/[^/\s:]+/.test(service)) return service.split(':')[0];
  const { namespace, name } = Object(service) as { readonly namespace?: unknown; readonly name?: unknown };
  return typeof namespace === 'string' && typeof name === 'string' ? `${namespace}/${name}` : undefined;
}

/** Policies in few words, those that are Kubernetes' defaults left out. */
export function policiesOf(service: ListedService): string {
  const { externalTrafficPolicy, internalTrafficPolicy, sessionAffinity, trafficDistribution } = service;
  return [
    externalTrafficPolicy === 'Local' ? 'external Local' : '',
    internalTrafficPolicy === 'Local' ? 'internal Local' : '',
    sessionAffinity !== undefined && sessionAffinity !== 'None' ? `affinity ${sessionAffinity}` : '',
    trafficDistribution ?? '',
  ]
    .filter((word) => word !== '')
    .join(', ');
}

export function rowsOf(
  services: readonly ListedService[],
  shares: ReadonlyMap<string, InspectedService>,
  findings: readonly Finding[],
): readonly ServiceRow[] {
  const byService = new Map<string, Finding[]>();
  for (const finding of findings) {
    const name = serviceOf(finding);
    if (name === undefined) continue;
    const known = byService.get(name);
    if (known === undefined) byService.set(name, [finding]);
    else known.push(finding);
  }
  return services.map((service) => {
    const name = serviceName(service);
    const addresses = [...service.addresses, ...service.outsideAddresses].join(' ');
    return {
      name,
      service,
      shares: shares.get(name),
      findings: byService.get(name) ?? [],
      text: `${name} ${service.type} ${addresses} ${policiesOf(service)}`.toLowerCase(),
    };
  });
}

/** The nearest double: ten thousand rows are sorted while one types. What is shown is exact. */
const size = (share: { readonly value: number } | undefined) => share?.value ?? -1;

const SEVERITIES = { ERROR: 10_000, WARNING: 100, INFO: 1 } as const;

const weight = ({ findings }: ServiceRow) => findings.reduce((all, { severity }) => all + SEVERITIES[severity], 0);

/** Larger is worse, so that a list that falls has the worst first. */
const ORDERS: Readonly<Record<SortKey, (a: ServiceRow, b: ServiceRow) => number>> = {
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  type: (a, b) => a.service.type.localeCompare(b.service.type),
  endpoints: (a, b) => a.service.readyEndpoints - b.service.readyEndpoints,
  policy: (a, b) => policiesOf(a.service).localeCompare(policiesOf(b.service)),
  imbalance: (a, b) => size(a.shares?.imbalance) - size(b.shares?.imbalance),
  zone: (a, b) => size(a.shares?.crossZone) - size(b.shares?.crossZone),
  lost: (a, b) => size(a.shares?.notDelivered) - size(b.shares?.notDelivered),
  findings: (a, b) => weight(a) - weight(b),
};

export interface Wanted {
  readonly text: string;
  readonly namespace: string;
  readonly type: string;
  readonly sort: SortKey;
  readonly down: boolean;
}

export function chosenRows(
  rows: readonly ServiceRow[],
  { text, namespace, type, sort, down }: Wanted,
): readonly ServiceRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const chosen = rows.filter(
    (row) =>
      (namespace === '' || row.service.namespace === namespace) &&
      (type === '' || row.service.type === type) &&
      words.every((word) => row.text.includes(word)),
  );
  const order = ORDERS[sort];
  // What is alike keeps the order of names.
  return chosen.sort((a, b) => (down ? order(b, a) : order(a, b)) || ORDERS.name(a, b));
}

/** The mark of a Service: a sign and a word, since colour is never the only sign. */
export function markOf({ shares }: ServiceRow): { readonly sign: string; readonly word: string } {
  if (shares === undefined) return { sign: '·', word: 'not asked yet' };
  if (shares.unknown.fraction !== '0') return { sign: '?', word: 'unknown' };
  if (shares.notDelivered.fraction !== '0') return { sign: '▼', word: 'loses' };
  if (shares.imbalance !== undefined && shares.imbalance.fraction !== '1') return { sign: '◐', word: 'uneven' };
  return shares.doors === 0 ? { sign: '–', word: 'no connections' } : { sign: '●', word: 'even' };
}
