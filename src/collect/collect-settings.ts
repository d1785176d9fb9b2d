/** What an operator sets of the collector by environment variables: one table, which is also the documentation's. */
import { hostname } from 'node:os';
import {
  count,
  type Environment,
  problemsOf,
  SettingsError,
  seconds,
  text,
  textsOf,
  type Variable,
  word,
} from '../operations/variables.js';
import { readName } from '../snapshots/name.js';
import { isSender } from '../snapshots/named-forms.js';

/** Every variable, in the order of the documentation. */
export const COLLECT_VARIABLES = [
  {
    name: 'KUBE_WHATIF_SERVER',
    kind: text,
    fallback: '',
    does: 'Where snapshots are sent, as `http://kube-whatif:8080`. Needed.',
  },
  { name: 'COLLECT_NAME', kind: text, fallback: '', does: 'The name that they are sent under, as `prod`. Needed.' },
  { name: 'KUBE_WHATIF_TOKEN', kind: text, fallback: '', does: 'What the server knows the collector by.' },
  {
    name: 'KUBE_WHATIF_TOKEN_FILE',
    kind: text,
    fallback: '',
    does: 'The same, in a file that is read anew for each snapshot.',
  },
  {
    name: 'KUBE_WHATIF_CA_FILE',
    kind: text,
    fallback: '',
    does: 'Authorities, PEM, that the server may have its certificate from.',
  },
  { name: 'KUBE_WHATIF_CERT_FILE', kind: text, fallback: '', does: 'The certificate, PEM, to show to the server.' },
  { name: 'KUBE_WHATIF_KEY_FILE', kind: text, fallback: '', does: 'Its private key, PEM.' },
  {
    name: 'COLLECT_INTERVAL',
    kind: seconds(1, 86_400),
    fallback: '300',
    does: 'Seconds between two snapshots, a tenth more or less by chance.',
  },
  {
    name: 'COLLECT_PAGE',
    kind: count(1, 100_000, 'objects'),
    fallback: '500',
    does: 'How many objects are asked for at once.',
  },
  {
    name: 'COLLECT_TIMEOUT',
    kind: seconds(1, 3600),
    fallback: '60',
    does: 'How many seconds the API server or the server may say nothing.',
  },
  {
    name: 'COLLECT_KUBECONFIG',
    kind: text,
    fallback: '',
    does: 'A kubeconfig. Default: in a pod its service account, else KUBECONFIG, else `~/.kube/config`.',
  },
  {
    name: 'COLLECT_CONTEXT',
    kind: text,
    fallback: '',
    does: 'The context of the kubeconfig. Default: the current one.',
  },
  {
    name: 'COLLECT_SENDER',
    kind: text,
    fallback: '',
    does: 'What the collector calls itself in the list of names. Default: the host name.',
  },
  {
    name: 'COLLECT_HOST',
    kind: text,
    fallback: '0.0.0.0',
    does: 'The address to listen on for /healthz, /readyz and /metrics.',
  },
  {
    name: 'COLLECT_PORT',
    kind: { type: 'whole', least: 0, most: 65_535, unit: '', word: 'off' },
    fallback: '8081',
    does: 'Its port; 0 takes a free one, `off` is without.',
  },
  {
    name: 'LOG_LEVEL',
    kind: word('silent', 'error', 'warn', 'info', 'debug'),
    fallback: 'info',
    does: 'What is logged to standard error: silent, error, warn, info or debug.',
  },
] as const satisfies readonly Variable[];

type CollectVariableName = (typeof COLLECT_VARIABLES)[number]['name'];

export interface CollectSettings {
  readonly server: URL;
  readonly name: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Milliseconds, as are all durations. */
  readonly interval: number;
  readonly page: number;
  readonly timeout: number;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly sender: string;
  readonly host: string;
  /** undefined: nothing listens. */
  readonly port: number | undefined;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

/** What is wrong with the values of variables that are right by themselves, or that have to be set. */
function problemsBeside(value: (name: CollectVariableName) => string, sender: string): readonly string[] {
  const problems: string[] = [];
  const text = value('KUBE_WHATIF_SERVER');
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server === undefined || !/^https?:$/.test(server.protocol) || server.username !== '' || server.search !== '') {
    problems.push('KUBE_WHATIF_SERVER must be a URL such as http://kube-whatif:8080.');
  }
  const name = value('COLLECT_NAME');
  if (name === '') problems.push('COLLECT_NAME must be the name to send snapshots under, as prod.');
  else {
    try {
      readName(name);
    } catch (error) {
      problems.push(`COLLECT_NAME: ${(error as Error).message}`);
    }
  }
  const token = value('KUBE_WHATIF_TOKEN');
  if (token !== '' && !/^[\x21-\x7e]+$/.test(token)) {
    problems.push('KUBE_WHATIF_TOKEN has characters that no token has.');
  }
  if ((value('KUBE_WHATIF_CERT_FILE') === '') !== (value('KUBE_WHATIF_KEY_FILE') === '')) {
    problems.push('KUBE_WHATIF_CERT_FILE and KUBE_WHATIF_KEY_FILE must be set together.');
  }
  if (!isSender(sender)) problems.push('COLLECT_SENDER must have 1 to 128 ASCII characters.');
  return problems;
}

/** Reads them all. Throws SettingsError with everything that is wrong. */
export function readCollectSettings(env: Environment): CollectSettings {
  const value = textsOf(COLLECT_VARIABLES, env);
  const sender = value('COLLECT_SENDER') || hostname();
  const problems = [...problemsBeside(value, sender), ...problemsOf(COLLECT_VARIABLES, env)];
  if (problems.length > 0) throw new SettingsError(problems);
  const number = (name: CollectVariableName) => Number(value(name));
  const optional = (name: CollectVariableName) => value(name) || undefined;
  return {
    server: new URL(value('KUBE_WHATIF_SERVER')),
    name: value('COLLECT_NAME'),
    token: optional('KUBE_WHATIF_TOKEN'),
    tokenFile: optional('KUBE_WHATIF_TOKEN_FILE'),
    caFile: optional('KUBE_WHATIF_CA_FILE'),
    certFile: optional('KUBE_WHATIF_CERT_FILE'),
    keyFile: optional('KUBE_WHATIF_KEY_FILE'),
    interval: number('COLLECT_INTERVAL') * 1000,
    page: number('COLLECT_PAGE'),
    timeout: number('COLLECT_TIMEOUT') * 1000,
    kubeconfig: optional('COLLECT_KUBECONFIG'),
    context: optional('COLLECT_CONTEXT'),
    sender,
    host: value('COLLECT_HOST'),
    port: value('COLLECT_PORT') === 'off' ? undefined : number('COLLECT_PORT'),
    logLevel: value('LOG_LEVEL') as CollectSettings['logLevel'],
  };
}
