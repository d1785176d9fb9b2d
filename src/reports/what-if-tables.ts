/** The difference of a what-if answer as tables, the same for terminals and Markdown. */
import { joinHostPort } from '../base/address.js';
import type {
  ChainsDifference,
  EndpointRef,
  EstablishedShares,
  PathDifference,
  ServiceDifference,
  ShiftedShare,
  ShiftedVerdict,
  TraceDifference,
} from '../contract/answers.js';
import { serviceText } from './names-in-reports.js';
import { exact, shareText } from './share-text.js';
import { beforeAfter } from './shift.js';
import type { Column } from './text-table.js';

/** Rows of shares on both sides, under the columns that name them; `unwanted`: the less of it the better. */
export interface ShiftTable {
  readonly names: readonly Column[];
  readonly rows: readonly {
    readonly cells: readonly string[];
    readonly share: ShiftedShare;
    readonly unwanted?: boolean;
  }[];
}

const NAMELESS = '(not known)';

export function verdictTable(verdicts: readonly ShiftedVerdict[]): ShiftTable {
  return {
    names: [{ title: 'verdict' }, { title: 'cause' }],
    rows: verdicts.map((share) => ({
      cells: [share.verdict, share.cause ?? ''],
      share,
      unwanted: share.verdict !== 'DELIVERED',
    })),
  };
}

/** By endpoint, by node, by zone where zones are known, by verdict where one shifts. */
export function serviceTables(service: ServiceDifference): ShiftTable[] {
  const tables: ShiftTable[] = [];
  if (service.endpoints.length > 0) {
    tables.push({
      names: [{ title: 'endpoint' }, { title: 'pod' }, { title: 'node' }, { title: 'zone' }],
      rows: service.endpoints.map((share) => ({
        cells: [joinHostPort(share.address, share.port), share.pod ?? '', share.node ?? '', share.zone ?? ''],
        share,
      })),
    });
  }
  if (service.nodes.length > 0) {
    const rows = service.nodes.map((share) => ({ cells: [share.node || NAMELESS], share }));
    tables.push({ names: [{ title: 'node' }], rows });
  }
  if (service.zones.some(({ zone }) => zone !== '')) {
    const rows = service.zones.map((share) => ({ cells: [share.zone || NAMELESS], share }));
    tables.push({ names: [{ title: 'zone' }], rows });
  }
  if (service.change === 'UNKNOWN' || service.verdicts.some(({ shift }) => shift.fraction !== '0'))
    tables.push(verdictTable(service.verdicts));
  return tables;
}

const CHANGE_WORDS = { ADDED: ', only after', REMOVED: ', only before', CHANGED: '', UNKNOWN: ', not known' } as const;

export function serviceTitle({ service, via, family, change }: ServiceDifference): string {
  const way = via
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/\bip\b/, 'IP')
    .replace('dns', 'DNS');
  return `${serviceText(service)} by ${way}, ${family}${CHANGE_WORDS[change]}`;
}

/** `imbalance 1 → 3/2`; undefined where it stays or neither side has one. */
export function imbalanceText({ imbalance }: ServiceDifference): string | undefined {
  const { before, after } = imbalance ?? {};
  if (before?.fraction === after?.fraction) return undefined;
  const shown = (factor: typeof before) => (factor === undefined ? '–' : exact(factor));
  return `imbalance ${shown(before)} → ${shown(after)}: the largest share over the even one`;
}

function endpointName({ address, port, pod }: EndpointRef): string {
  return pod === undefined ? joinHostPort(address, port) : `${pod} (${joinHostPort(address, port)})`;
}

/** Lost endpoints that are named; the JSON answer names all. */
const NAMED = 10;

/** `Established connections: 2/3 (66.67 %) kept, 1/3 (33.33 %) lost with default/web-1 (10.0.0.1:80)`. */
export function establishedText({ kept, lost, lostEndpoints, rechosen }: EstablishedShares, most = NAMED): string {
  if (kept.fraction === '0' && lost.fraction === '0' && rechosen === undefined)
    return 'Established connections: there are none';
  const more = lostEndpoints.length > most ? ` and ${lostEndpoints.length - most} more` : '';
  const names = lostEndpoints.slice(0, most).map(endpointName).join(', ');
  const gone = names === '' ? '' : ` with ${names}${more}`;
  const anew = rechosen === undefined ? '' : `, ${shareText(rechosen)} choose an endpoint anew`;
  return `Established connections: ${shareText(kept)} kept, ${shareText(lost)} lost${gone}${anew}`;
}

/** The same of a Service port, of which nothing may be known. */
export function serviceEstablishedText({ change, verdicts, established }: ServiceDifference, most = NAMED): string {
  const { kept, lost } = established;
  const isNothing = kept.fraction === '0' && lost.fraction === '0' && established.rechosen === undefined;
  const wasDelivered = verdicts.some(({ verdict, before }) => verdict === 'DELIVERED' && before.fraction !== '0');
  return isNothing && (change === 'UNKNOWN' || wasDelivered)
    ? 'Established connections: not known'
    : establishedText(established, most);
}

export const TRACE_COLUMNS: readonly Column[] = [
  { title: 'change' },
  { title: 'client' },
  { title: 'verdict' },
  { title: 'cause' },
  { title: 'endpoint' },
  { title: 'pod' },
  { title: 'before → after' },
  { title: 'pod sees' },
];

export function traceCells(trace: TraceDifference): string[] {
  const { change, client, verdict, cause, endpoint, before, after, seenClient } = trace;
  return [
    change,
    client,
    verdict,
    cause ?? '',
    endpoint === undefined ? '' : joinHostPort(endpoint.address, endpoint.port),
    endpoint?.pod ?? '',
    beforeAfter(before, after),
    seenClient === undefined ? '' : `${seenClient.before} → ${seenClient.after}`,
  ];
}

/** The steps of a trace that come and go, as lines of a diff; one step that many traces lose is reported once. */
export function stepLines({ traces }: PathDifference): readonly string[] {
  const lines = traces.flatMap(({ steps }) => [
    ...steps.removed.map((step) => `-${step}`),
    ...steps.added.map((step) => `+${step}`),
  ]);
  const unique = [...new Set(lines)];
  return [...unique.filter((line) => line.startsWith('-')), ...unique.filter((line) => line.startsWith('+'))];
}

export const SERVICE_COLUMNS: readonly Column[] = [
  { title: 'Service' },
  { title: 'rules added', align: 'right' },
  { title: 'removed', align: 'right' },
  { title: 'changed', align: 'right' },
];

export function serviceRows({ services }: ChainsDifference): string[][] {
  return services.map(({ service, added, removed, changed }) => [
    serviceText(service),
    String(added),
    String(removed),
    String(changed),
  ]);
}

export const CHAIN_COLUMNS: readonly Column[] = [
  { title: 'nodes' },
  { title: 'family' },
  { title: 'table' },
  { title: 'chain' },
  { title: 'rules added', align: 'right' },
  { title: 'removed', align: 'right' },
  { title: 'changed', align: 'right' },
];

/** `node-1, node-2, node-3 and 7 more` */
export function nodesText(nodes: readonly string[]): string {
  return nodes.length <= 3 ? nodes.join(', ') : `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more`;
}

export function chainRows({ rules }: ChainsDifference): string[][] {
  return rules.map(({ nodes, family, table, chain, added, removed, changed }) => [
    nodesText(nodes),
    family,
    table,
    chain,
    String(added.length),
    String(removed.length),
    String(changed.length),
  ]);
}

/** Nodes that only one side has. */
export function nodeLines({ nodes }: ChainsDifference): string[] {
  return [
    ...(nodes.added.length === 0 ? [] : [`Nodes only after: ${nodesText(nodes.added)}`]),
    ...(nodes.removed.length === 0 ? [] : [`Nodes only before: ${nodesText(nodes.removed)}`]),
  ];
}
