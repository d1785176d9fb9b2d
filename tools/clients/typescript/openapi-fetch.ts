// Asks with the types of openapi-typescript and openapi-fetch. Globals of Node.js: no types of it are installed.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

declare const process: { readonly env: Record<string, string | undefined> };
declare const console: { log(text: string): void };

type Schemas = components['schemas'];

const baseUrl = process.env.SERVER ?? '';
const client = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl });
const snapshot: Schemas['Snapshot'] = { inline: JSON.parse(process.env.SNAPSHOT ?? '{}') as Record<string, never> };
const service = { namespace: 'default', name: 'nginx-svc', port: 80 };

const { data, error } = await client.POST('/v1/probability', {
  params: { query: { pretty: 'true' } },
  body: { snapshot, probability: { services: [service] } },
});
if (data === undefined) throw new Error(error.detail);
const fractions = data.result.services[0]?.endpoints.map(({ share }) => share.fraction) ?? [];

const scale: Schemas['Change'] = {
  scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 },
};
const whatIf = await client.POST('/v1/what-if', {
  body: { snapshot, changes: [scale], probability: { services: [service] } },
});
if (whatIf.data === undefined) throw new Error(whatIf.error.detail);
const { result } = whatIf.data;
const changed = result.question === 'probability' ? result.difference.services.length : -1;

const refused = await client.POST('/v1/path', {
  body: { snapshot, path: { source: { pod: 'default/nobody' }, destination: { service } } },
});
const code = refused.error?.code;

console.log(JSON.stringify({ summary: data.summary, fractions, changed, code }));
