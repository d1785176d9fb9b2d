import { joinHostPort } from '../base/address.js';
import type { Answer, Probability, ProbabilityResult, ServiceProbability } from '../contract/answers.js';
import { backgroundMarkdown, details, markdownReport } from './assumptions.js';
import { BACKEND_COLUMNS, backendRows, balancerLines, crossingLines } from './balancer-lines.js';
import { bar } from './bars.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { loadLines } from './load-lines.js';
import { serviceTitle } from './names-in-reports.js';
import { paintVerdict } from './paint.js';
import { endpointTable, servicesTable } from './probability-table.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { basisText, exact, hasShare, percent, shareText } from './share-text.js';
import { type Column, markdownTable, textTable } from './text-table.js';
import { item } from './wrap.js';

const SHARE_COLUMNS: readonly Column[] = [
  { title: 'exact', align: 'right' },
  { title: 'decimal', align: 'right' },
  { title: 'programmed', align: 'right' },
];
const ENDPOINT_COLUMNS: readonly Column[] = [
  { title: 'endpoint' },
  { title: 'pod' },
  { title: 'node' },
  { title: 'zone' },
  ...SHARE_COLUMNS,
];

/** `0.333333`: the share rounded to six decimals, for the eye; the exact one is beside it. */
function shareCells(share: Probability): string[] {
  return [exact(share), share.value.toFixed(6), share.programmed];
}

interface Row {
  readonly names: readonly string[];
  readonly share: Probability;
}

interface Shares {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** The tables of one Service: by endpoint, by node, by zone where zones are known. */
function tablesOf(service: ServiceProbability): Shares[] {
  const nameless = '(not known)';
  const endpoints = service.endpoints.map(({ address, port, pod, node, zone, share }) => ({
    names: [joinHostPort(address, port), pod ?? '', node ?? '', zone ?? ''],
    share,
  }));
  const nodes = service.nodes.map(({ node, share }) => ({ names: [node || nameless], share }));
  const zones = service.zones.map(({ zone, share }) => ({ names: [zone || nameless], share }));
  const tables: Shares[] = [];
  if (endpoints.length > 0) tables.push({ columns: ENDPOINT_COLUMNS, rows: endpoints });
  if (nodes.length > 0) tables.push({ columns: [{ title: 'node' }, ...SHARE_COLUMNS], rows: nodes });
  if (service.zones.some(({ zone }) => zone !== '')) {
    tables.push({ columns: [{ title: 'zone' }, ...SHARE_COLUMNS], rows: zones });
  }
  return tables;
}

const MASSES = ['delivered', 'dropped', 'rejected', 'unreachable', 'unknown'] as const;

/** `delivered 2/3 (66.67 %), dropped 1/3 (33.33 %)`: those that are not 0. */
function massesText(service: ServiceProbability): string {
  return MASSES.filter((mass) => hasShare(service[mass]))
    .map((mass) => `${mass} ${shareText(service[mass])}`)
    .join(', ');
}

/** The verdicts worth a line of their own: all but a plain DELIVERED. */
function causesOf(service: ServiceProbability) {
  return service.verdicts.filter(({ verdict, share }) => verdict !== 'DELIVERED' && hasShare(share));
}

/** What the largest share is over the even one: 1 is a perfect balance. */
function imbalanceText({ imbalance }: ServiceProbability): string | undefined {
  if (imbalance === undefined) return undefined;
  if (imbalance.fraction === '1') return 'balanced: every endpoint gets the same share';
  return `imbalance ${exact(imbalance)} (${imbalance.value.toFixed(2)}): the largest share over the even one`;
}

/** How many endpoints are not listed. */
function omittedLines({ omitted }: ServiceProbability): readonly string[] {
  if (omitted === undefined) return [];
  return [`${omitted.endpoints} more endpoints are not listed: ${shareText(omitted.share)} together`];
}

/** What kind of numbers the shares are, where a balancer of a node chose. */
function basisLines({ basis }: ServiceProbability): readonly string[] {
  return basis === undefined ? [] : [basisText(basis)];
}

function affinityRows(service: ServiceProbability): string[][] {
  return (service.affinity?.returning ?? []).map(({ endpoint, share, goesTo }) => [
    endpoint,
    exact(share),
    percent(share),
    goesTo,
  ]);
}

const AFFINITY_COLUMNS: readonly Column[] = [
  { title: 'has been to' },
  { title: 'exact', align: 'right' },
  { title: 'percent', align: 'right' },
  { title: 'goes to' },
];

const indented = (lines: readonly string[]) => lines.map((line) => (line === '' ? '' : `  ${line}`));

/** The tables of a Service, bars behind them, drawn to one scale. */
function tableTexts(tables: readonly Shares[], layout: Layout): string[][] {
  const drawn = tables.map(({ columns, rows }) =>
    textTable(
      columns,
      rows.map(({ names, share }) => [...names.map(printable), ...shareCells(share)]),
    ),
  );
  const widths = drawn.map((lines) => lines.reduce((most, line) => Math.max(most, [...line].length), 0));
  const room = Math.min(24, Math.max(8, layout.width - Math.max(0, ...widths) - 4));
  return drawn.map((lines, table) =>
    lines.map((line, index) => {
      const row = tables[table]?.rows[index - 1];
      const gap = ' '.repeat((widths[table] ?? 0) - [...line].length + 2);
      return row === undefined ? line : `${line}${gap}${bar(row.share.value, room)}`.trimEnd();
    }),
  );
}

function balancerSection({ loadBalancer }: ServiceProbability, { width }: Layout): string[][] {
  if (loadBalancer === undefined) return [];
  const rows = backendRows(loadBalancer).map((row) => row.map(printable));
  return [
    [
      ...balancerLines(loadBalancer).flatMap((line) => item('  ', printable(line), width, 6)),
      ...(rows.length === 0 ? [] : indented(textTable(BACKEND_COLUMNS, rows))),
    ],
  ];
}

function serviceSections(service: ServiceProbability, layout: Layout): string[][] {
  const { paint, width } = layout;
  const balance = imbalanceText(service);
  const head = [
    paint.bold(printable(serviceTitle(service))),
    ...item('  clients: ', printable(service.clients), width, 4),
    `  ${massesText(service)}`,
    ...causesOf(service).map(({ verdict, cause, share }) =>
      paintVerdict(paint, verdict, `    ${verdict}${cause === undefined ? '' : ` ${cause}`} ${shareText(share)}`),
    ),
    ...(balance === undefined ? [] : [`  ${balance}`]),
    ...[...omittedLines(service), ...basisLines(service)].flatMap((line) => item('  ', printable(line), width, 4)),
    ...crossingLines(service).map((line) => `  ${line}`),
    ...loadLines(service).flatMap((line) => item('  ', printable(line), width, 4)),
  ];
  const sections = [head, ...balancerSection(service, layout), ...tableTexts(tablesOf(service), layout).map(indented)];
  const { affinity } = service;
  if (affinity !== undefined) {
    const text = `affinity ${affinity.type}, ${affinity.timeoutSeconds} s: ${affinity.explanation}`;
    const rows = affinityRows(service).map((row) => row.map(printable));
    sections.push([
      ...item('  ', printable(text), width, 4),
      ...(rows.length === 0 ? [] : indented(textTable(AFFINITY_COLUMNS, rows))),
    ]);
  }
  return sections;
}

/** One Service port in short. */
function shortSections(service: ServiceProbability, layout: Layout): string[][] {
  const { affinity, loadBalancer } = service;
  return [
    endpointTable(service, layout),
    [...omittedLines(service), ...basisLines(service)].flatMap((line) => item('  ', printable(line), layout.width, 4)),
    loadLines(service).flatMap((line) => item('  ', printable(line), layout.width, 4)),
    loadBalancer === undefined
      ? []
      : balancerLines(loadBalancer)
          .slice(0, 3)
          .flatMap((line) => item('  ', printable(line.trim()), layout.width, 4)),
    affinity === undefined
      ? []
      : item(
          '  ',
          printable(`affinity ${affinity.type}, ${affinity.timeoutSeconds} s: ${affinity.explanation}`),
          layout.width,
          4,
        ),
  ];
}

/** The result itself: every table where all or the values are asked for, otherwise what fits a screen. */
function resultSections(services: readonly ServiceProbability[], layout: Layout): string[][] {
  const { view } = layout;
  const [only] = services;
  if (view.values || (view.all && services.length === 1))
    return services.flatMap((service) => serviceSections(service, layout));
  if (services.length === 1 && only !== undefined) return shortSections(only, layout);
  if (services.length === 0) return [];
  const listed = servicesTable(services, layout);
  return view.all ? [listed, ...services.flatMap((service) => serviceSections(service, layout))] : [listed];
}

function text(answer: Answer<ProbabilityResult>, layout: Layout): string {
  const { services } = answer.result;
  const { view } = layout;
  const each = services.some(({ omitted }) => omitted !== undefined)
    ? 'every endpoint that is listed'
    : 'every endpoint';
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    changesText(answer, layout),
    ...resultSections(services, layout),
    ...footer(answer, layout, [
      ...(view.all ? [] : [[each, '--all'] as const]),
      ...(view.values ? [] : [['decimal and programmed values', '--values'] as const]),
    ]),
  ]);
}

function tableMarkdown({ columns, rows }: Shares): string[] {
  const bars: Column = { title: 'share' };
  return markdownTable(
    [...columns, bars],
    rows.map(({ names, share }) => [...names.map(markdownCode), ...shareCells(share), bar(share.value, 12)]),
  );
}

function backendsMarkdown({ loadBalancer }: ServiceProbability): string[][] {
  const rows = loadBalancer === undefined ? [] : backendRows(loadBalancer);
  if (rows.length === 0) return [];
  const cells = rows.map(([name = '', zone = '', health = '', share = '']) => [
    markdownCode(name),
    markdownCode(zone),
    markdownText(health),
    share,
  ]);
  return [[details('Backends of the load balancer', markdownTable(BACKEND_COLUMNS, cells).join('\n'))]];
}

function serviceMarkdown(service: ServiceProbability): string[][] {
  const balance = imbalanceText(service);
  const [endpoints, ...others] = tablesOf(service);
  const causes = causesOf(service).map(
    ({ verdict, cause, share }) => `  - ${verdict} ${markdownCode(cause ?? '')} ${shareText(share)}`,
  );
  const { affinity } = service;
  const returning = affinityRows(service).map(([endpoint = '', share = '', part = '', goesTo = '']) => [
    markdownCode(endpoint),
    share,
    part,
    markdownText(goesTo),
  ]);
  return [
    [`### ${markdownText(serviceTitle(service))}`],
    [
      `- clients: ${markdownText(service.clients)}`,
      `- ${massesText(service)}`,
      ...causes,
      ...(balance === undefined ? [] : [`- ${balance}`]),
      ...[...omittedLines(service), ...basisLines(service)].map((line) => `- ${markdownText(line)}`),
      ...(affinity === undefined
        ? []
        : [`- affinity ${affinity.type}, ${affinity.timeoutSeconds} s: ${markdownText(affinity.explanation)}`]),
      ...crossingLines(service).map((line) => `- ${markdownText(line)}`),
      ...loadLines(service).map((line) => `- ${markdownText(line)}`),
      ...(service.loadBalancer === undefined
        ? []
        : balancerLines(service.loadBalancer).map(
            (line) => `${line.startsWith(' ') ? '  ' : ''}- ${markdownText(line.trim())}`,
          )),
    ],
    endpoints === undefined ? [] : tableMarkdown(endpoints),
    others.length === 0
      ? []
      : [details('By node and zone', others.map((table) => tableMarkdown(table).join('\n')).join('\n\n'))],
    returning.length === 0 ? [] : markdownTable(AFFINITY_COLUMNS, returning),
    ...backendsMarkdown(service),
  ];
}

function markdown(answer: Answer<ProbabilityResult>): string {
  const { services } = answer.result;
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...services.flatMap(serviceMarkdown),
    ...backgroundMarkdown(answer),
  ]);
}

/** The exact share of every endpoint, node and zone, a table and bars per Service. */
export const probabilityReport: Report<Answer<ProbabilityResult>> = { text, markdown };
