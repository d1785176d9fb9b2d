/** The page: what surrounds every view. */
import { useEffect } from 'preact/hooks';
import { setToken } from '../api/server.js';
import { tryAgain } from '../state/ask.js';
import { openFault, opening } from '../state/open.js';
import { addressOf, route, type ViewName } from '../state/route.js';
import { digest, missing, tokenWanted } from '../state/session.js';
import { BottomBar } from './bottom-bar.js';
import { ChangeChips } from './change-chips.js';
import { ClusterView } from './cluster.js';
import { FindingsView } from './findings.js';
import { NamedView } from './named.js';
import { MissingView, OpenView } from './open.js';
import { PathView } from './path.js';
import { Rail } from './rail.js';
import { RulesView } from './rules.js';
import { ServicesView } from './services.js';
import { SharesView } from './shares.js';
import { SweepView } from './sweep.js';
import { WhatIfView } from './what-if.js';

const TITLES: Readonly<Record<ViewName, string>> = {
  open: 'Open a cluster',
  services: 'Services',
  findings: 'Findings',
  shares: 'Shares',
  rules: 'Rules',
  path: 'Path',
  'what-if': 'What if',
  sweep: 'Sweep',
  cluster: 'Cluster',
};

function View({ name }: { name: ViewName }) {
  switch (name) {
    case 'services':
      return <ServicesView />;
    case 'findings':
      return <FindingsView />;
    case 'shares':
      return <SharesView />;
    case 'rules':
      return <RulesView />;
    case 'path':
      return <PathView />;
    case 'what-if':
      return <WhatIfView />;
    case 'sweep':
      return <SweepView />;
    case 'cluster':
      return <ClusterView />;
    case 'open':
      return <OpenView />;
  }
}

/** Asked for where the server wants one. It is kept in memory alone, and sent with each question. */
function TokenForm() {
  return (
    <form
      class="box token"
      onSubmit={(event) => {
        event.preventDefault();
        setToken(String(new FormData(event.currentTarget).get('token') ?? ''));
        tokenWanted.value = false;
        openFault.value = undefined;
        tryAgain();
      }}
    >
      <h2>This server wants a token</h2>
      <p>It is kept in this page’s memory alone: a reload forgets it.</p>
      <label>
        Token <input name="token" type="password" autocomplete="off" required />
      </label>{' '}
      <button type="submit">Use it</button>
    </form>
  );
}

/** The views about one Service or none, as tabs above each of them. */
const TABS: readonly ViewName[] = ['shares', 'rules', 'path', 'what-if', 'sweep'];

function Tabs({ view, service }: { view: ViewName; service: string | undefined }) {
  if (service === undefined || !TABS.includes(view)) return null;
  const { parameters } = route.value;
  const kept = Object.fromEntries(
    ['service', 'port', 'via', 'family', 'from'].flatMap((name) =>
      parameters[name] === undefined ? [] : [[name, parameters[name]]],
    ),
  );
  return (
    <nav class="tabs" aria-label={`Views of ${service}`}>
      <strong>{service}</strong>
      {TABS.map((name) => (
        <a key={name} href={addressOf(name, kept)} aria-current={name === view ? 'page' : undefined}>
          {TITLES[name]}
        </a>
      ))}
    </nav>
  );
}

/** How far the opening of a snapshot is. */
function Progress() {
  if (opening.value === undefined) return null;
  const { doing, part } = opening.value;
  return (
    <div class="progress" role="status">
      <span>
        {doing} <span aria-hidden="true">{Math.floor(part * 100)} %</span>
      </span>
      <progress value={part} max={1} aria-label={doing} />
    </div>
  );
}

/** `/` goes to the search, as on many pages; not while one types somewhere. */
function onKey(event: KeyboardEvent): void {
  const { target } = event;
  if (event.key !== '/' || (target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return;
  const search = document.querySelector<HTMLInputElement>('[data-search]');
  if (search === null) return;
  event.preventDefault();
  search.focus();
}

export function App() {
  const { view, parameters, named } = route.value;
  const { service } = parameters;
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  useEffect(() => {
    document.title = [service, TITLES[view], 'kube-whatif'].filter((part) => part !== undefined).join(' · ');
    scrollTo(0, 0);
  }, [view, service]);
  const isOpen = digest.value !== '';
  const isMissing = isOpen && missing.value === digest.value;
  return (
    <div class={`page ${isOpen ? 'with-rail' : 'without-rail'}`}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Go to the answer
      </a>
      {isOpen ? <Rail view={view} /> : null}
      <main id="main" tabIndex={-1}>
        <h1 class="hidden">{TITLES[view]}</h1>
        <Progress />
        {tokenWanted.value ? <TokenForm /> : null}
        {named !== undefined ? (
          <NamedView named={named} />
        ) : isMissing ? (
          <MissingView />
        ) : (
          <>
            {isOpen ? <ChangeChips /> : null}
            <Tabs view={view} service={service} />
            <View key={digest.value} name={view} />
          </>
        )}
      </main>
      {isOpen && !isMissing ? <BottomBar /> : null}
    </div>
  );
}
