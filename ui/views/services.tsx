/** The list of Services: filtered, sorted, and only as many rows in the page as are seen. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { inspectionOf, useInspected, WITHOUT_ASKING } from '../state/inspected.js';
import { serviceName, useObjects } from '../state/objects.js';
import { addressOf, route, set } from '../state/route.js';
import { chosenRows, markOf, policiesOf, rowsOf, type ServiceRow, type SortKey } from '../state/service-rows.js';
import { request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { Empty, FailureBox, Headline, Name, Share, Waiting } from './parts.js';
import { Select } from './select.js';
import { useWindow } from './virtual.js';

const ROW_HEIGHT = 34;

const COLUMNS: readonly (readonly [SortKey, string, string])[] = [
  ['name', 'Service', ''],
  ['type', 'Type', ''],
  ['endpoints', 'Endpoints', 'number'],
  ['policy', 'Policies', ''],
  ['imbalance', 'Imbalance', 'number'],
  ['zone', 'Cross-zone', 'number'],
  ['lost', 'Not delivered', 'number'],
  ['findings', 'Findings', 'number'],
];

/** Columns whose values are known only of Services that were asked about. */
const ASKED: ReadonlySet<SortKey> = new Set(['imbalance', 'zone', 'lost', 'findings']);

function Header({ sort, down }: { sort: SortKey; down: boolean }) {
  const pick = (key: SortKey) => {
    // Numbers begin with the largest, names with the first.
    const falls = key === sort ? !down : COLUMNS.find(([name]) => name === key)?.[2] === 'number';
    set({ sort: key, down: falls ? '1' : undefined }, true);
  };
  return (
    <div role="row" class="service-row head" aria-rowindex={1}>
      {COLUMNS.map(([key, words, kind]) => (
        <span
          key={key}
          role="columnheader"
          class={`${key} ${kind}`}
          aria-sort={key === sort ? (down ? 'descending' : 'ascending') : 'none'}
        >
          <button type="button" onClick={() => pick(key)}>
            {words}
            <span aria-hidden="true">{key === sort ? (down ? ' ↓' : ' ↑') : ''}</span>
          </button>
        </span>
      ))}
    </div>
  );
}

function Findings({ row }: { row: ServiceRow }) {
  const count = (severity: string) => row.findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, notes] = [count('ERROR'), count('WARNING'), count('INFO')];
  const words = [
    errors > 0 ? `${errors} ▲` : '',
    warnings > 0 ? `${warnings} ◆` : '',
    notes > 0 ? `${notes} ●` : '',
  ].filter((word) => word !== '');
  return <span title={`${errors} errors, ${warnings} warnings, ${notes} notes`}>{words.join('  ')}</span>;
}

function Row({ row, index }: { row: ServiceRow; index: number }) {
  const { name, service, shares } = row;
  const mark = markOf(row);
  return (
    <div role="row" class="service-row" aria-rowindex={index + 2} data-service={name}>
      <span role="cell" class="name">
        <span class={`mark ${mark.word.replace(' ', '-')}`} role="img" aria-label={mark.word} title={mark.word}>
          {mark.sign}
        </span>{' '}
        <a href={addressOf('shares', { service: name })}>
          <Name text={name} />
        </a>
      </span>
      <span role="cell" class="type">
        {service.type}
      </span>
      <span role="cell" class="endpoints number">
        {service.readyEndpoints}
      </span>
      <span role="cell" class="policy">
        {policiesOf(service)}
      </span>
      <span role="cell" class="imbalance number">
        {shares?.imbalance === undefined ? '' : <Share of={shares.imbalance} only="fraction" />}
      </span>
      <span role="cell" class="zone number">
        {shares?.crossZone === undefined ? '' : <Share of={shares.crossZone} only="percent" />}
      </span>
      <span role="cell" class="lost number">
        {shares === undefined ? '' : <Share of={shares.notDelivered} />}
      </span>
      <span role="cell" class="findings number">
        <Findings row={row} />
      </span>
    </div>
  );
}

/** Only the rows that are seen are in the page, in their places. */
function Rows({ rows, sort, down }: { rows: readonly ServiceRow[]; sort: SortKey; down: boolean }) {
  const { element, first, last } = useWindow(rows.length, ROW_HEIGHT);
  return (
    <div class="service-table" role="table" aria-label="Services" aria-rowcount={rows.length + 1}>
      <div role="rowgroup">
        <Header sort={sort} down={down} />
      </div>
      <div role="rowgroup" ref={element} class="rows" style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
        <div class="window" style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }}>
          {rows.slice(first, last).map((row, index) => (
            <Row key={row.name} row={row} index={first + index} />
          ))}
        </div>
      </div>
    </div>
  );
}

export function ServicesView() {
  const { objects, answer, failure, asking } = useObjects();
  const list = useMemo(() => (answer === undefined ? undefined : objects.services.map(serviceName)), [answer, objects]);
  const inspected = useInspected(list);
  useShown('inspect', list === undefined ? undefined : request(inspectionOf(list.length)));
  const { text = '', namespace = '', type = '', sort, down: falls } = route.value.parameters;
  const many = objects.services.length > WITHOUT_ASKING;
  // The worst first, where all of them are known.
  const sortKey = COLUMNS.find(([key]) => key === sort)?.[0] ?? (many ? 'name' : 'findings');
  const down = sort === undefined ? !many : falls === '1';
  const rows = useMemo(
    () => rowsOf(objects.services, inspected.shares, inspected.findings),
    [objects, inspected.shares, inspected.findings],
  );
  const chosen = useMemo(
    () => chosenRows(rows, { text, namespace, type, sort: sortKey, down }),
    [rows, text, namespace, type, sortKey, down],
  );
  const [stopped, setStopped] = useState(false);
  const known = inspected.shares.size;
  // A list that is sorted by what it does not know yet would have the wrong Services first: all are asked about, those
  // shown first.
  const wantsAll = many && sort !== undefined && ASKED.has(sortKey) && !stopped && inspected.failure === undefined;
  useEffect(() => {
    if (!wantsAll) return;
    const shown = chosen.map(({ name }) => name);
    const others = new Set(rows.map(({ name }) => name));
    for (const name of shown) others.delete(name);
    inspected.more([...shown, ...others]);
    // The rows move while answers come in; what is asked about does not change with that.
  }, [wantsAll, inspected.about, text, namespace, type]);
  if (failure !== undefined) return <FailureBox failure={failure} />;
  if (answer === undefined) return <Waiting what={asking ? 'Reading the Services' : ''} />;
  if (rows.length === 0) {
    return (
      <Empty title="No Services">
        <p>The snapshot has no Service. Was it made with -A, of all namespaces?</p>
      </Empty>
    );
  }
  const namespaces = [...new Set(objects.services.map((one) => one.namespace))].sort();
  const types = [...new Set(objects.services.map((one) => one.type))].sort();
  return (
    <>
      <Headline
        text={many ? `${rows.length.toLocaleString('en')} Services.` : inspected.summary || `${rows.length} Services.`}
      />
      {inspected.failure === undefined ? null : <FailureBox failure={inspected.failure} />}
      <div class="filters">
        <label>
          <span class="hidden">Filter Services</span>
          <input
            type="search"
            placeholder="Filter by name, address, policy"
            value={text}
            onInput={({ currentTarget }) => set({ text: currentTarget.value }, true)}
          />
        </label>
        <Select
          label="Namespace"
          value={namespace}
          options={[['', 'all namespaces'], ...namespaces.map((name) => [name, name] as const)]}
          onPick={(value) => set({ namespace: value }, true)}
        />
        <Select
          label="Type"
          value={type}
          options={[['', 'all types'], ...types.map((name) => [name, name] as const)]}
          onPick={(value) => set({ type: value }, true)}
        />
        <span class="detail" role="status">
          {chosen.length === rows.length ? '' : `${chosen.length.toLocaleString('en')} shown. `}
          {many ? `Shares of ${known.toLocaleString('en')} are worked out.` : ''}
          {inspected.asking && known > 0 ? ' Working …' : ''}
        </span>
        {many && inspected.asking && wantsAll ? (
          <>
            <progress max={rows.length} value={known} aria-label="Services whose shares are worked out" />
            <button
              type="button"
              onClick={() => {
                setStopped(true);
                inspected.stop();
              }}
            >
              Stop
            </button>
          </>
        ) : null}
        {many && known < rows.length && !inspected.asking ? (
          <button
            type="button"
            onClick={() => {
              setStopped(false);
              inspected.more(chosen.map(({ name }) => name));
            }}
          >
            Work out the {chosen.length === rows.length ? 'rest' : 'shown ones'}
          </button>
        ) : null}
      </div>
      {chosen.length === 0 ? (
        <Empty title="No Service matches">
          <button type="button" onClick={() => set({ text: undefined, namespace: undefined, type: undefined }, true)}>
            Show all
          </button>
        </Empty>
      ) : (
        <>
          <Rows rows={chosen} sort={sortKey} down={down} />
          <p class="detail legend-line">
            ● even · ◐ uneven · ▼ loses connections · ? not known. Numbers are those of the worst way into the Service.
          </p>
        </>
      )}
    </>
  );
}
