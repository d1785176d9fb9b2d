/** How the API server is reached: as a pod of the cluster, or by a kubeconfig. */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { fieldsOf } from '../base/record.js';
import { CollectError } from './collect-error.js';
import type { Exchange } from './http.js';

/** Where the API server is and what is shown to it. Files are read anew each time: tokens and certificates rotate. */
export interface Access {
  readonly url: URL;
  /** Throws CollectError for a file that cannot be read. */
  credentials(): { readonly headers: Readonly<Record<string, string>>; readonly tls: NonNullable<Exchange['tls']> };
}

type Fields = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CollectError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function bearer(token: string, from: string): Readonly<Record<string, string>> {
  const text = token.trim();
  // Anything else cannot be in a header, and must not be shown.
  if (!/^[\x21-\x7e]+$/.test(text)) throw new CollectError(`The token of ${from} has characters that no token has.`);
  return { authorization: `Bearer ${text}` };
}

/** Where a pod finds what its service account may. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The access of a pod. `folder`: where its token and the authority are. */
export function inClusterAccess(host: string, port: string, folder = SERVICE_ACCOUNT): Access {
  const name = host.includes(':') ? `[${host}]` : host;
  const url = new URL(`https://${name}:${port}`);
  return {
    url,
    credentials: () => ({
      headers: bearer(read(`${folder}/token`).toString('utf8'), `${folder}/token`),
      tls: { ca: read(`${folder}/ca.crt`) },
    }),
  };
}

/** Fields of a user that only a helper of kubectl can use, with what to do instead. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  exec: 'an exec plugin, which the collector does not run',
  'auth-provider': 'an auth provider, which kubectl dropped in 1.26',
  username: 'a name and password, which Kubernetes dropped in 1.19',
  password: 'a name and password, which Kubernetes dropped in 1.19',
  as: 'impersonation, which the collector does not do',
};

const INSTEAD =
  'Give it a service account of its own (docs/collector.md), and a kubeconfig with its token: `kubectl ' +
  'create token kube-whatif-collector`.';

function named(list: unknown, name: string, key: string, what: string, file: string): Fields {
  const all = Array.isArray(list) ? list.map(fieldsOf) : [];
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    const names = all.map((one) => String(one.name)).slice(0, 10);
    throw new CollectError(`${file} has no ${what} ${name}; it has ${names.join(', ') || 'none'}.`);
  }
  return fieldsOf(found[key]);
}

/** Bytes that are in the file as base64, or in a file of their own. */
function material(fields: Fields, name: string, folder: string): (() => Buffer) | undefined {
  const data = textOf(fields[`${name}-data`]);
  if (data !== undefined) return () => Buffer.from(data, 'base64');
  const file = textOf(fields[name]);
  return file === undefined ? undefined : () => read(resolve(folder, file));
}

/**
 * The access that a kubeconfig describes; `context` is the one to take, by default the current one. Throws CollectError
 * that says what is missing, and refuses what only kubectl's helpers can use.
 */
export function kubeconfigAccess(file: string, context?: string): Access {
  const document = parseDocument(read(file).toString('utf8'), { schema: 'core', maxAliasCount: 100 } as object);
  if (document.errors.length > 0)
    throw new CollectError(`${file} is not YAML: ${document.errors[0]?.message.split('\n')[0]}`);
  const config = fieldsOf(document.toJS());
  const wanted = context ?? textOf(config['current-context']);
  if (wanted === undefined) throw new CollectError(`${file} has no current context: name one (COLLECT_CONTEXT).`);
  const { cluster, user } = named(config.contexts, wanted, 'context', 'context', file);
  const place = named(config.clusters, textOf(cluster) ?? '', 'cluster', 'cluster', file);
  const who = user === undefined ? {} : named(config.users, textOf(user) ?? '', 'user', 'user', file);
  for (const [field, what] of Object.entries(NOT_TAKEN)) {
    if (who[field] !== undefined)
      throw new CollectError(`The user of context ${wanted} in ${file} needs ${what}. ${INSTEAD}`);
  }
  if (place['proxy-url'] !== undefined) {
    throw new CollectError(
      `The cluster of context ${wanted} in ${file} has a proxy-url, which the collector does not use.`,
    );
  }
  const server = textOf(place.server) ?? '';
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CollectError(
      `The server of context ${wanted} in ${file} is not a URL that begins with https:// or http://.`,
    );
  }
  const folder = dirname(resolve(file));
  const ca = material(place, 'certificate-authority', folder);
  const [cert, key] = [material(who, 'client-certificate', folder), material(who, 'client-key', folder)];
  if ((cert === undefined) !== (key === undefined)) {
    throw new CollectError(
      `The user of context ${wanted} in ${file} has a client certificate without its key, or the key alone.`,
    );
  }
  const servername = textOf(place['tls-server-name']);
  const [token, tokenFile] = [textOf(who.token), textOf(who.tokenFile)];
  return {
    url,
    credentials: () => ({
      headers:
        tokenFile !== undefined
          ? bearer(read(resolve(folder, tokenFile)).toString('utf8'), tokenFile)
          : token === undefined
            ? {}
            : bearer(token, file),
      tls: {
        ...(ca === undefined ? {} : { ca: ca() }),
        ...(cert === undefined || key === undefined ? {} : { cert: cert(), key: key() }),
        ...(servername === undefined ? {} : { servername }),
        ...(place['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
      },
    }),
  };
}
