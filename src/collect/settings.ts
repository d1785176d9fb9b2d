/** What an operator sets of the collector by environment variables: one table, which is also the documentation's. */
import { hostname } from 'node:os';
import { readName } from '../snapshots/name.js';
import { isSender } from '../snapshots/named-forms.js';

export interface CollectVariable {
  readonly name: string;
  readonly fallback: string;
  readonly does: string;
}

/** Every variable, in the order of the documentation. */
export const COLLECT_VARIABLES = [
  { name: 'KUBE_WHATIF_SERVER', fallback: '', does: 'Where snapshots are sent, as `http://kube-whatif:8080`. Needed.' },
  { name: 'COLLECT_NAME', fallback: '', does: 'The name that they are sent under, as `prod`. Needed.' },
  { name: 'KUBE_WHATIF_TOKEN', fallback: '', does: 'What the server knows the collector by.' },
  { name: 'KUBE_WHATIF_TOKEN_FILE', fallback: '', does: 'The same, in a file that is read anew for each snapshot.' },
  {
    name: 'KUBE_WHATIF_CA_FILE',
    fallback: '',
    does: 'Authorities, PEM, that the server may have its certificate from.',
  },
  { name: 'KUBE_WHATIF_CERT_FILE', fallback: '', does: 'The certificate, PEM, to show to the server.' },
  { name: 'KUBE_WHATIF_KEY_FILE', fallback: '', does: 'Its private key, PEM.' },
  { name: 'COLLECT_INTERVAL', fallback: '300', does: 'Seconds between two snapshots, a tenth more or less by chance.' },
  { name: 'COLLECT_PAGE', fallback: '500', does: 'How many objects are asked for at once.' },
  { name: 'COLLECT_TIMEOUT', fallback: '60', does: 'How many seconds the API server or the server may say nothing.' },
  {
    name: 'COLLECT_KUBECONFIG',
    fallback: '',
    does: 'A kubeconfig. Default: in a pod its service account, else KUBECONFIG, else `~/.kube/config`.',
  },
  { name: 'COLLECT_CONTEXT', fallback: '', does: 'The context of the kubeconfig. Default: the current one.' },
  {
    name: 'COLLECT_SENDER',
    fallback: '',
    does: 'What the collector calls itself in the list of names. Default: the host name.',
  },
  { name: 'COLLECT_HOST', fallback: '0.0.0.0', does: 'The address to listen on for /healthz, /readyz and /metrics.' },
  { name: 'COLLECT_PORT', fallback: '8081', does: 'Its port; 0 takes a free one, `off` is without.' },
  {
    name: 'LOG_LEVEL',
    fallback: 'info',
    does: 'What is logged to standard error: silent, error, warn, info or debug.',
  },
] as const satisfies readonly CollectVariable[];

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

/** Settings that cannot be: a sentence for each. */
export class CollectSettingsError extends RangeError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Reads them all. Throws CollectSettingsError with everything that is wrong. */
export function readCollectSettings(env: Readonly<Record<string, string | undefined>>): CollectSettings {
  const problems: string[] = [];
  const fallbacks = new Map<string, string>(COLLECT_VARIABLES.map(({ name, fallback }) => [name, fallback]));
  const value = (name: CollectVariableName) => env[name] || (fallbacks.get(name) ?? '');
  const optional = (name: CollectVariableName) => value(name) || undefined;
  const whole = (name: CollectVariableName, least: number, most: number) => {
    const number = /^\d{1,9}$/.test(value(name)) ? Number(value(name)) : Number.NaN;
    if (number >= least && number <= most) return number;
    problems.push(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value(name))}.`);
    return least;
  };
  const text = value('KUBE_WHATIF_SERVER');
  const server = URL.canParse(text) ? new URL(text) : undefined;
  if (server === undefined || !/^https?:$/.test(server.protocol) || server.username !== '' || server.search !== '') {
    problems.push('KUBE_WHATIF_SERVER must be a URL such as http://kube-whatif:8080.');
  }
  const name = value('COLLECT_NAME');
  try {
    readName(name);
  } catch (error) {
    problems.push(
      name === ''
        ? 'COLLECT_NAME must be the name to send snapshots under, as prod.'
        : `COLLECT_NAME: ${(error as Error).message}`,
    );
  }
  const token = optional('KUBE_WHATIF_TOKEN');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    problems.push('KUBE_WHATIF_TOKEN has characters that no token has.');
  const [certFile, keyFile] = [optional('KUBE_WHATIF_CERT_FILE'), optional('KUBE_WHATIF_KEY_FILE')];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push('KUBE_WHATIF_CERT_FILE and KUBE_WHATIF_KEY_FILE must be set together.');
  }
  const sender = value('COLLECT_SENDER') || hostname();
  if (!isSender(sender)) problems.push('COLLECT_SENDER must have 1 to 128 ASCII characters.');
  const logLevel = LEVELS.find((level) => level === value('LOG_LEVEL'));
  if (logLevel === undefined) problems.push(`LOG_LEVEL must be one of ${LEVELS.join(', ')}.`);
  const settings = {
    server: server as URL,
    name,
    token,
    tokenFile: optional('KUBE_WHATIF_TOKEN_FILE'),
    caFile: optional('KUBE_WHATIF_CA_FILE'),
    certFile,
    keyFile,
    interval: whole('COLLECT_INTERVAL', 1, 86_400) * 1000,
    page: whole('COLLECT_PAGE', 1, 100_000),
    timeout: whole('COLLECT_TIMEOUT', 1, 3600) * 1000,
    kubeconfig: optional('COLLECT_KUBECONFIG'),
    context: optional('COLLECT_CONTEXT'),
    sender,
    host: value('COLLECT_HOST'),
    port: value('COLLECT_PORT') === 'off' ? undefined : whole('COLLECT_PORT', 0, 65_535),
    logLevel: logLevel ?? 'info',
  };
  if (problems.length > 0) throw new CollectSettingsError(problems);
  return settings;
}
