/** Shares in short: one Service port by endpoint, node or zone; many with a line each, the worst first. */
import type { ServiceProbability } from '../contract/answers.js';
import { lossWords, shapeOf } from '../questions/summaries/probability.js';
import { bar } from './bars.js';
import type { Layout } from './form.js';
import { printable } from './safe-text.js';
import { hasShare, percent, shortShare } from './share-text.js';
import { type Column, fittedTable } from './text-table.js';
import { item } from './wrap.js';

/** Endpoints, nodes or Service ports that the first screen has rows for. */
const MOST_ENDPOINTS = 12;
const MOST_GROUPS = 16;
const MOST_SERVICES = 20;

interface Group {
  readonly cells: readonly string[];
  readonly share: ServiceProbability['delivered'];
}

/** Rows with a share and a bar, within the width; the bar shrinks first and then goes. */
function sharesTable(columns: readonly Column[], rows: readonly Group[], { width }: Layout): string[] {
  const drawn = fittedTable(
    [...columns, { title: 'share', align: 'right' }, { title: '', align: 'right' }],
    rows.map(({ cells, share }) => [...cells.map(printable), shortShare(share), percent(share)]),
    width - 2,
  );
  const widest = Math.max(...drawn.map((line) => [...line].length));
  const room = Math.min(20, width - widest - 4);
  return drawn.map((line, index) => {
    const row = rows[index - 1];
    if (row === undefined || room < 4) return `  ${line}`;
    return `  ${line}${' '.repeat(widest - [...line].length + 2)}${bar(row.share.value, room)}`.trimEnd();
  });
}

/**
 * The endpoints of a Service port: each, or where there are many by node, or by zone where there are many of those too.
 */
export function endpointTable(service: ServiceProbability, layout: Layout): string[] {
  const { endpoints, nodes, zones } = service;
  if (endpoints.length === 0) return [];
  const { omitted } = service;
  if (endpoints.length <= MOST_ENDPOINTS && omitted === undefined) {
    const columns = [{ title: 'pod' }, { title: 'node' }, { title: 'zone' }];
    const rows = endpoints.map(({ address, port, pod, node = '', zone = '', share }) => ({
      cells: [pod ?? `${address}:${port}`, node, zone],
      share,
    }));
    return sharesTable(columns, rows, layout);
  }
  const zoneOf = new Map(endpoints.map(({ node = '', zone = '' }) => [node, zone]));
  // Of endpoints that are not listed the answer does not say where each is.
  const podsOn = (of: (endpoint: (typeof endpoints)[number]) => boolean) =>
    omitted === undefined ? String(endpoints.filter(of).length) : '';
  if (nodes.length <= MOST_GROUPS || zones.length < 2) {
    const shown = nodes.slice(0, MOST_GROUPS);
    const rows = shown.map(({ node, share }) => ({
      cells: [node || '(not known)', zoneOf.get(node) ?? '', podsOn((one) => (one.node ?? '') === node)],
      share,
    }));
    const table = sharesTable([{ title: 'node' }, { title: 'zone' }, { title: 'pods', align: 'right' }], rows, layout);
    return shown.length === nodes.length ? table : [...table, `  ${nodes.length - shown.length} more nodes: --all`];
  }
  const rows = zones.slice(0, MOST_GROUPS).map(({ zone, share }) => ({
    cells: [zone || '(not known)', podsOn((one) => (one.zone ?? '') === zone)],
    share,
  }));
  return sharesTable([{ title: 'zone' }, { title: 'pods', align: 'right' }], rows, layout);
}

const WAY_WORDS: Readonly<Record<ServiceProbability['via'], string>> = {
  CLUSTER_IP: 'cluster IP',
  NODE_PORT: 'node port',
  EXTERNAL_IP: 'external IP',
  LOAD_BALANCER: 'balancer',
  DNS: 'DNS',
};

const ORDER = { LOST: 0, UNKNOWN: 1, UNEVEN: 2, EVEN: 3 } as const;

function lostValue({ delivered, unknown }: ServiceProbability): number {
  return 1 - delivered.value - unknown.value;
}

/**
 * One line per Service port and way, the worst first, the reason below it where something is lost; those that are even
 * are counted.
 */
export function servicesTable(services: readonly ServiceProbability[], layout: Layout): string[] {
  const sorted = services
    .map((service) => ({ service, shape: shapeOf(service) }))
    .sort(
      (a, b) =>
        ORDER[a.shape] - ORDER[b.shape] ||
        lostValue(b.service) - lostValue(a.service) ||
        (b.service.imbalance?.value ?? 1) - (a.service.imbalance?.value ?? 1),
    );
  const shown = layout.view.all ? sorted : sorted.slice(0, MOST_SERVICES);
  const families = new Set(services.map(({ family }) => family)).size > 1;
  const rows = shown.map(({ service }) => {
    const { endpoints, crossZone } = service;
    const largest = endpoints.reduce<(typeof endpoints)[number] | undefined>(
      (most, one) => (most === undefined || one.share.value > most.share.value ? one : most),
      undefined,
    );
    const isDoubtful = !hasShare(service.delivered) || hasShare(service.unknown);
    const lost = lostValue(service) > 0 || isDoubtful ? percentLost(service) : '';
    const { namespace, name, port } = service.service;
    return [
      `${namespace}/${name}:${port ?? service.service.portName ?? ''}`,
      families ? service.family.slice(2) : '',
      WAY_WORDS[service.via],
      String(endpoints.length),
      lost,
      largest === undefined ? '–' : shortShare(largest.share),
      endpoints.length === 0 ? '–' : `1/${endpoints.length}`,
      crossZone === undefined ? '' : percent(crossZone),
    ];
  });
  const lines = fittedTable(
    [
      { title: 'Service' },
      { title: '' },
      { title: 'way' },
      { title: 'pods', align: 'right' },
      { title: 'lost', align: 'right' },
      { title: 'largest', align: 'right' },
      { title: 'even', align: 'right' },
      { title: 'cross-zone', align: 'right' },
    ],
    rows.map((row) => row.map(printable)),
    layout.width - 2,
  );
  const left = sorted.length - shown.length;
  const even = sorted.slice(shown.length).every(({ shape }) => shape === 'EVEN');
  return [
    ...lines.flatMap((line, index) => {
      const { service, shape } = shown[index - 1] ?? {};
      if (service === undefined || (shape !== 'LOST' && shape !== 'UNKNOWN')) return [`  ${line}`];
      const words = lossWords(service);
      const next = shown[index]?.service;
      // Below the last of neighbours to which the same happens.
      if (next !== undefined && lossWords(next) === words) return [`  ${line}`];
      return [`  ${line}`, ...item('    ', printable(words), layout.width, 4)];
    }),
    ...(left === 0 ? [] : [`  ${left} more${even ? ', even' : ''}: --all`]),
  ];
}

function percentLost({ delivered, unknown }: ServiceProbability): string {
  if (!hasShare(delivered) && !hasShare(unknown)) return 'all';
  const value = 1 - delivered.value - unknown.value;
  const known = `${(value * 100).toFixed(1).replace(/\.0$/, '')} %`;
  // What is not known may be lost, too.
  if (!hasShare(unknown)) return known;
  return value > 0 ? `≥ ${known}` : '?';
}
