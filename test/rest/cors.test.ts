/** Which web pages' scripts may ask: none unless configured, and then those of the origins named. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { post, type Reply, send, start } from './support.js';

const PAGE = 'https://grafana.example.com';
const OTHER = 'https://evil.example';
const QUESTION = {
  snapshot: { inline: JSON.parse(readFileSync('examples/article.json', 'utf8')) },
  probability: { services: [{ namespace: 'default', name: 'nginx-svc' }] },
};
const TOKEN = 'a-token-long-enough-to-count';

const preflight = (running: { readonly port: number }, origin: string) =>
  send(running, 'OPTIONS', '/v1/probability', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,authorization',
  });

const allowed = ({ headers }: Reply) => headers['access-control-allow-origin'];
const varies = ({ headers }: Reply) => String(headers.vary).split(/, */).sort();

t.test('off by default', async (t) => {
  const running = await start();
  t.teardown(() => running.app.close());
  const reply = await post(running, '/v1/probability', QUESTION, { origin: PAGE });
  t.equal(reply.status, 200);
  t.same([allowed(reply), varies(reply)], [undefined, ['Accept', 'Accept-Encoding']]);
  const refused = await preflight(running, PAGE);
  t.same([refused.status, allowed(refused)], [405, undefined]);
});

t.test('pages of the origins that are named may ask, others may not', async (t) => {
  const running = await start({ corsOrigins: [PAGE, 'http://localhost:3000'], tokens: [TOKEN] });
  t.teardown(() => running.app.close());
  for (const origin of [PAGE, 'http://localhost:3000']) {
    const asked = await preflight(running, origin);
    t.equal(asked.status, 204, 'a preflight carries no token');
    t.equal(allowed(asked), origin);
    t.match(asked.headers['access-control-allow-methods'], /\bPOST\b/);
    t.match(asked.headers['access-control-allow-headers'], /\bContent-Type\b.*/i);
    t.match(asked.headers['access-control-allow-headers'], /\bAuthorization\b/i);
    t.ok(varies(asked).includes('Origin'));
    t.equal(asked.headers['access-control-allow-credentials'], undefined);
    const headers = { origin, authorization: `Bearer ${TOKEN}` };
    const reply = await post(running, '/v1/probability', QUESTION, headers);
    t.equal(reply.status, 200);
    t.same([allowed(reply), varies(reply)], [origin, ['Accept', 'Accept-Encoding', 'Origin']]);
    const rows = await post(running, '/v1/probability?form=rows', QUESTION, headers);
    t.same([rows.status, allowed(rows)], [200, origin]);
    const without = await post(running, '/v1/probability', QUESTION, { origin });
    t.same([without.status, allowed(without)], [401, origin], 'a page sees why it was refused, and is refused');
    const wrong = await post(running, '/v1/probability', { snapshot: {} }, headers);
    t.same([wrong.status, allowed(wrong)], [400, origin]);
    const nowhere = await send(running, 'GET', '/nowhere', headers);
    t.same([nowhere.status, allowed(nowhere)], [404, origin]);
  }
  for (const origin of [OTHER, `${PAGE}.evil.example`, 'http://grafana.example.com', 'null']) {
    t.equal(allowed(await preflight(running, origin)), undefined, origin);
    const reply = await post(running, '/v1/probability', QUESTION, { origin, authorization: `Bearer ${TOKEN}` });
    t.equal(allowed(reply), undefined, origin);
    t.ok(varies(reply).includes('Origin'), 'caches must not mix them up');
  }
  const direct = await post(running, '/v1/probability', QUESTION, { authorization: `Bearer ${TOKEN}` });
  t.same([direct.status, allowed(direct)], [200, undefined], 'without an origin nothing changes');
  t.equal((await post(running, '/v1/probability', QUESTION)).status, 401, 'nor without a token');
});

t.test('any page', async (t) => {
  const running = await start({ corsOrigins: ['*'] });
  t.teardown(() => running.app.close());
  t.same([(await preflight(running, OTHER)).status, allowed(await preflight(running, OTHER))], [204, '*']);
  t.equal(allowed(await post(running, '/v1/probability', QUESTION, { origin: OTHER })), '*');
});
