/** The settings of the service. Values are checked before anything starts, all of them at once. */
import type { WorkOptions } from '../work/work-options.js';
import { VARIABLES, type VariableName } from './service-variables.js';
import { type Environment, itemsOf, problemsOf, SettingsError, textsOf, type Variable } from './variables.js';

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number | undefined;
  readonly work: Required<Omit<WorkOptions, 'workerFile' | 'threadsOnDemand'>>;
  /** Milliseconds, as are all durations. */
  readonly bodyTimeout: number;
  readonly snapshotMemory: number;
  readonly snapshotIdle: number;
  readonly metricsServices: number;
  /**
   * Snapshots under names: bytes in memory, versions of each, names of each credential, milliseconds that a version is
   * kept.
   */
  readonly named: {
    readonly memory: number;
    readonly versions: number;
    readonly names: number;
    readonly keep: number;
  };
  readonly store:
    | {
        readonly url: string;
        readonly timeout: number;
        readonly limit: number;
        readonly key?: string | undefined;
        readonly encrypt?: boolean;
      }
    | undefined;
  readonly tokens: readonly string[];
  readonly tokensFile: string | undefined;
  readonly tls: TlsFiles | undefined;
  /** How often files of tokens and certificates are looked at; 0: never again. */
  readonly reloadInterval: number;
  /** How long a gRPC connection lasts; 0: no limit. */
  readonly grpcConnectionAge: number;
  /** Requests a minute; 0: no limit. */
  readonly rateLimit: number;
  readonly trustProxy: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly metrics: 'on' | 'open' | 'off';
  readonly ui: 'on' | 'off';
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly drainDelay: number;
  readonly drainTimeout: number;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  readonly minVersion: '1.2' | '1.3';
}

/** Where variables must agree with each other. */
function contradictions(value: (name: VariableName) => string): readonly string[] {
  const problems: string[] = [];
  if (Number(value('BUFFER_LIMIT')) < Number(value('BODY_LIMIT'))) {
    problems.push('BUFFER_LIMIT must be at least BODY_LIMIT: no request of that size could be read.');
  }
  if (value('STORE_ENCRYPTION') === 'on' && value('STORE_KEY') === '') {
    problems.push('STORE_ENCRYPTION needs STORE_KEY.');
  }
  const [cert, key, ca] = (['TLS_CERT_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE'] as const).map(value);
  if ((cert === '') !== (key === '')) problems.push('TLS_CERT_FILE and TLS_KEY_FILE must be set together.');
  else if (ca !== '' && cert === '') problems.push('TLS_CLIENT_CA_FILE needs TLS_CERT_FILE and TLS_KEY_FILE.');
  return problems;
}

/** The text that holds for each variable. */
function serviceTexts(env: Environment): (name: VariableName) => string {
  const texts = textsOf(VARIABLES, env);
  return (name) => {
    // A larger BODY_LIMIT takes its buffer along.
    if (name !== 'BUFFER_LIMIT' || env.BUFFER_LIMIT || !env.BODY_LIMIT) return texts(name);
    return String(Math.max(Number(texts(name)), 2 * Number(env.BODY_LIMIT)));
  };
}

/** Reads the settings. Throws SettingsError with a sentence for everything that is wrong. */
export function readSettings(env: Environment): Settings {
  const value = serviceTexts(env);
  const problems = problemsOf(VARIABLES, env);
  if (problems.length === 0) problems.push(...contradictions(value));
  if (problems.length > 0) throw new SettingsError(problems);
  const number = (name: VariableName) => Number(value(name));
  const milliseconds = (name: VariableName) => 1000 * number(name);
  const file = (name: VariableName) => value(name) || undefined;
  const lane = (name: 'SMALL' | 'LARGE' | 'HELD') => ({
    threads: number(`${name}_THREADS`),
    queueLimit: number(`${name}_QUEUE`),
    memory: number(`${name}_MEMORY`),
  });
  const [cert, key, url] = [file('TLS_CERT_FILE'), file('TLS_KEY_FILE'), file('SNAPSHOT_STORE')];
  return {
    host: value('HOST'),
    port: number('PORT'),
    grpcPort: value('GRPC_PORT') === 'off' ? undefined : number('GRPC_PORT'),
    work: {
      bodyLimit: number('BODY_LIMIT'),
      bufferLimit: number('BUFFER_LIMIT'),
      timeLimit: milliseconds('TIME_LIMIT'),
      small: lane('SMALL'),
      large: lane('LARGE'),
      held: lane('HELD'),
    },
    bodyTimeout: milliseconds('BODY_TIMEOUT'),
    snapshotMemory: number('SNAPSHOT_MEMORY'),
    snapshotIdle: milliseconds('SNAPSHOT_IDLE'),
    named: {
      memory: number('NAMED_MEMORY'),
      versions: number('SNAPSHOT_VERSIONS'),
      names: number('SNAPSHOT_NAMES'),
      keep: milliseconds('SNAPSHOT_KEEP'),
    },
    store:
      url === undefined
        ? undefined
        : {
            url,
            timeout: milliseconds('STORE_TIMEOUT'),
            limit: number('STORE_LIMIT'),
            key: file('STORE_KEY'),
            encrypt: value('STORE_ENCRYPTION') === 'on',
          },
    tokens: itemsOf(value('TOKENS')),
    tokensFile: file('TOKENS_FILE'),
    tls:
      cert === undefined || key === undefined
        ? undefined
        : { cert, key, clientCa: file('TLS_CLIENT_CA_FILE'), minVersion: value('TLS_MIN_VERSION') as '1.2' | '1.3' },
    reloadInterval: milliseconds('RELOAD_INTERVAL'),
    grpcConnectionAge: milliseconds('GRPC_CONNECTION_AGE'),
    rateLimit: number('RATE_LIMIT'),
    trustProxy: itemsOf(value('TRUST_PROXY')),
    corsOrigins: itemsOf(value('CORS_ORIGINS')),
    metrics: value('METRICS') as Settings['metrics'],
    metricsServices: number('METRICS_SERVICES'),
    ui: value('UI') as Settings['ui'],
    logLevel: value('LOG_LEVEL') as Settings['logLevel'],
    drainDelay: milliseconds('DRAIN_DELAY'),
    drainTimeout: milliseconds('DRAIN_TIMEOUT'),
  };
}

/** What holds for every variable, for the log: secrets are hidden, of a URL all but its scheme. */
export function shownSettings(env: Environment): Readonly<Record<string, string>> {
  const value = serviceTexts(env);
  return Object.fromEntries(
    VARIABLES.map((variable: Variable) => {
      const shown = value(variable.name as VariableName);
      return [variable.name, variable.secret === true && shown !== '' ? '(hidden)' : shown];
    }),
  );
}
