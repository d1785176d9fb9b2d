// Asks with the functions that orval makes.
import { path, probability, whatIf } from './orval-client.js';

declare const process: { readonly env: Record<string, string | undefined> };
declare const console: { log(text: string): void };

// The functions ask the page's own origin; here that is the server.
const server = process.env.SERVER ?? '';
const plain = globalThis.fetch;
globalThis.fetch = (address, init) => plain(`${server}${String(address)}`, init);

const snapshot = { inline: JSON.parse(process.env.SNAPSHOT ?? '{}') as Record<string, unknown> };
const service = { namespace: 'default', name: 'nginx-svc', port: 80 };

const answer = await probability({ snapshot, probability: { services: [service] } }, { pretty: 'true' });
if (answer.status !== 200) throw new Error(JSON.stringify(answer.data));
const { summary, result } = answer.data;
const fractions = result.services[0]?.endpoints.map(({ share }) => share.fraction) ?? [];

const both = await whatIf({
  snapshot,
  changes: [{ scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 } }],
  probability: { services: [service] },
});
if (both.status !== 200) throw new Error(JSON.stringify(both.data));
const changed = both.data.result.question === 'probability' ? both.data.result.difference.services.length : -1;

const refused = await path({ snapshot, path: { source: { pod: 'default/nobody' }, destination: { service } } });
const code = refused.status === 200 ? undefined : refused.data.code;

console.log(JSON.stringify({ summary, fractions, changed, code }));
