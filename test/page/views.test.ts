/** Each view from its address to its answer, with its numbers compared to those of the REST interface. */
import t from 'tap';
import type {
  InspectResult,
  PathResult,
  ProbabilityResult,
  ProbabilityWhatIf,
  SweepResult,
} from '../../src/contract/answers.js';
import { address, ask, fractions, headline, hold, open, reduced, skip, type Test, watch } from './support.js';

const SERVICE = { service: 'default/nginx-svc' };
const TO_SERVICE = { namespace: 'default', name: 'nginx-svc', port: 80 };
const LOCAL = { service: { namespace: 'default', name: 'nginx-svc', externalTrafficPolicy: 'Local' } };
const AWAY = { pods: { namespace: 'default', names: ['nginx-deployment-6b7f675859-px5d8'], state: 'NOT_READY' } };
const SCALE = { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 4 } };
const listed = (...changes: readonly object[]) => JSON.stringify(changes.map((change) => ({ change })));

// A browser takes its time where many tests run at once.
t.setTimeout(600_000);

t.test('views', { skip }, async (t) => {
  const test: Test = await open();
  t.teardown(() => test.close());
  const { base, browser } = test;
  const article = await hold(base, 'examples/article-nodeport.json');
  const zones = await hold(base, 'examples/three-zones.json');
  const shop = await hold(base, 'examples/shop.json');
  const { page, complaints } = await watch(browser);

  await t.test('Services: names, numbers and findings', async (t) => {
    await page.goto(address(base, shop, 'services', { sort: 'name' }));
    const { summary, result, findings } = await ask<InspectResult>(base, 'inspect', {
      snapshot: { digest: shop },
      inspect: { failOn: 'NEVER', lists: ['SERVICES', 'OBJECTS'] },
    });
    t.equal(await headline(page, summary), summary);
    const rows = page.locator('[data-service]');
    t.same(
      await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-service'))),
      result.services?.map(({ service }) => service),
    );
    t.same(
      await fractions(page, '[data-service] .lost .share'),
      result.services?.map(({ notDelivered }) => notDelivered.fraction),
    );
    await page.getByRole('button', { name: /^Findings/ }).click();
    await page
      .getByRole('columnheader', { name: /Findings/ })
      .and(page.locator('[aria-sort=descending]'))
      .waitFor();
    t.equal(await rows.first().getAttribute('data-service'), 'shop/web', 'the worst first');
    await page.getByLabel('Filter Services').fill('nowhere');
    await page.getByText('No Service matches').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('link', { name: 'Findings' }).click();
    await page.locator('.finding').first().waitFor();
    t.equal(await page.locator('.finding').count(), findings.length);
    t.match(await page.locator('.finding').first().innerText(), /error|warning/, 'the most severe first');
    await page.locator('.finding', { hasText: 'NODE_PORT' }).getByRole('link').click();
    t.match(await headline(page, 'shop/web'), /node port/, 'through the door that it is about');
    await page.goBack();
    await page.locator('.finding', { hasText: 'NETWORK_POLICY_NOT_EVALUATED' }).getByRole('link').click();
    t.equal(await page.getByRole('combobox', { name: 'Source' }).inputValue(), 'pod shop/db-0');
  });

  await t.test('shares: the flow is the answer, exactly', async (t) => {
    await page.goto(address(base, article, 'shares', SERVICE));
    const { summary, result } = await ask<ProbabilityResult>(base, 'probability', {
      snapshot: { digest: article },
      probability: { services: [{ ...TO_SERVICE, via: 'CLUSTER_IP' }], clients: { nodes: {} }, families: ['IPv4'] },
    });
    t.equal(await headline(page, summary), summary);
    const endpoints = result.services[0]?.endpoints ?? [];
    await page.locator('.flow .mark.pod').first().waitFor();
    const drawn = await page
      .locator('.flow .mark.pod')
      .evaluateAll((marks) =>
        marks.map((mark) => `${mark.getAttribute('data-id')} ${mark.getAttribute('data-fraction')}`),
      );
    t.same(drawn.sort(), endpoints.map((one) => `to ${one.address}:${one.port} ${one.share.fraction}`).sort());
    t.same(
      await fractions(page, '[data-shares] .share'),
      endpoints.map(({ share }) => share.fraction),
    );
    await page.locator('[data-id="from node-1"]').waitFor();
    t.equal(await page.locator('.flow .mark[data-id^="from "]').count(), 3, 'clients by their nodes');
    await page.locator('.flow .mark.pod').first().click();
    await page.getByRole('button', { name: 'What if it is not ready?' }).click();
    await headline(page, '3 → 2 endpoints');
    await page.goBack();
    await page.goBack();
    await page.getByLabel('Way').selectOption('NODE_PORT');
    await headline(page, 'node port');
    t.match(page.url(), /via=NODE_PORT/);
    await page.goBack();
    t.equal(await headline(page, summary), summary, 'back');
    await page.reload();
    t.equal(await headline(page, summary), summary, 'and after a reload');
  });

  await t.test('what is dropped is a flow of its own, with its cause', async (t) => {
    const changes = listed(LOCAL, AWAY);
    await page.goto(address(base, article, 'shares', { ...SERVICE, via: 'NODE_PORT', changes }));
    const { summary } = await ask<ProbabilityResult>(base, 'probability', {
      snapshot: { digest: article },
      changes: [LOCAL, AWAY],
      probability: { services: [{ ...TO_SERVICE, via: 'NODE_PORT' }], clients: { external: {} }, families: ['IPv4'] },
    });
    t.equal(await headline(page, summary), summary);
    const lost = page.locator('.flow .mark.lost');
    await lost.waitFor();
    t.equal(await lost.getAttribute('data-fraction'), '1/3');
    t.match(await lost.textContent(), /Dropped.*1\/3 · 33\.33 %.*NO_LOCAL_ENDPOINTS/);
    await page.locator('[data-id="from node-2"]').waitFor();
    t.equal(await page.locator('.flow .link.lost').count(), 1, 'from the node where it dies');
    await lost.press('Enter');
    t.match(await page.locator('.selection').innerText(), /NO_LOCAL_ENDPOINTS.*from node-2: 1\/3 of all/s);
    await page.getByRole('link', { name: 'The way of such a connection' }).click();
    t.match(await headline(page, 'Times out'), /node-2 drops it/);
    await page.goBack();
    await lost.waitFor();
    await page.getByRole('button', { name: 'before' }).click();
    await lost.waitFor({ state: 'detached' });
    t.match(page.url(), /side=before/);
  });

  await t.test('rules: chains lead to chains, and are shown verbatim', async (t) => {
    await page.goto(address(base, article, 'rules', SERVICE));
    await page.locator('.chain.endpoint').first().waitFor();
    t.equal(await page.locator('.chain.endpoint').count(), 3);
    t.same(await page.locator('.edge text').allTextContents(), ['1/3', '1/2', 'rest']);
    const chains = { nodes: ['node-1'], families: ['IPv4'], services: ['default/nginx-svc'], format: 'RULES' };
    const { result } = await ask<{ parts: { tables: { chains: { name: string; rules: { text: string }[] }[] }[] }[] }>(
      base,
      'chains',
      {
        snapshot: { digest: article },
        chains,
      },
    );
    const own = result.parts[0]?.tables
      .flatMap((table) => table.chains)
      .find(({ name }) => name.startsWith('KUBE-SVC-'));
    t.equal(await page.locator('.selected-chain pre').innerText(), own?.rules.map(({ text }) => text).join('\n'));
    for (const mode of ['nftables', 'ipvs']) {
      const settings = JSON.stringify({ kubeProxy: { mode } });
      await page.goto(address(base, article, 'rules', { ...SERVICE, settings }));
      await page.getByRole('heading', { name: mode === 'ipvs' ? 'IPVS rules' : 'nftables rules' }).waitFor();
      await page.locator('.chain.endpoint').first().waitFor();
      t.equal(await page.locator('.chain.endpoint').count(), 3, mode);
    }
  });

  await t.test('a path: outcomes, hops, the reply', async (t) => {
    await page.goto(address(base, article, 'path'));
    await page.getByText('Choose where the packet goes').waitFor();
    await page.getByRole('combobox', { name: 'Source' }).fill('client');
    await page.getByRole('option', { name: /pod default\/client/ }).click();
    await page.getByRole('combobox', { name: 'Destination' }).fill('nginx-svc');
    await page.getByRole('option', { name: /default\/nginx-svc/ }).click();
    const { summary, result } = await ask<PathResult>(base, 'path', {
      snapshot: { digest: article },
      path: { source: { pod: 'default/client' }, destination: { service: { ...TO_SERVICE, via: 'CLUSTER_IP' } } },
    });
    t.equal(await headline(page, summary), summary);
    t.same(
      await fractions(page, '.outcome .share'),
      result.traces.map(({ probability }) => probability.fraction),
    );
    const [first] = result.traces;
    const hops = page.getByRole('list', { name: 'The packet’s way' }).locator('.hop');
    t.equal(await hops.count(), first?.hops.length);
    const steps = first?.hops.flatMap((hop) => hop.steps).length;
    t.equal(await page.getByRole('list', { name: 'The packet’s way' }).locator('.step').count(), steps);
    const dnat = page.locator('.step.rewrite', { hasText: 'rewrites the destination' }).first();
    await dnat.locator('summary').click();
    const rule = first?.hops.flatMap((hop) => hop.steps).find(({ action }) => action === 'DNAT')?.rule ?? '';
    t.equal(await dnat.locator('pre').innerText(), rule, 'the rule verbatim');
    t.match(await dnat.locator('.packet ins').innerText(), /:80$/, 'what was rewritten is marked');
    await page.locator('[data-outcome="3"]').click();
    await page.getByText('The way of outcome 3').waitFor();
    t.match(page.url(), /n=3/);
  });

  await t.test('a path that dies: where, why, and what would let it pass', async (t) => {
    const parameters = { ...SERVICE, via: 'NODE_PORT', source: 'outside at node-2', changes: listed(LOCAL, AWAY) };
    await page.goto(address(base, article, 'path', parameters));
    const body = {
      snapshot: { digest: article },
      changes: [LOCAL, AWAY],
      path: {
        source: { external: { entersAt: 'node-2' } },
        destination: { service: { ...TO_SERVICE, via: 'NODE_PORT' } },
      },
    };
    const { summary, result } = await ask<PathResult>(base, 'path', body);
    t.equal(await headline(page, summary), summary);
    t.match(await page.locator('.stop').innerText(), /Dropped · NO_LOCAL_ENDPOINTS/);
    t.match(
      await page.locator('.step.end pre').innerText(),
      /KUBE-EXTERNAL-SERVICES .* -j DROP$/,
      'the rule that decides is open',
    );
    t.equal(await page.locator('.remedies li').count(), result.remedies?.length);
    await page.locator('.remedies').getByRole('button', { name: 'Try it' }).first().click();
    await headline(page, 'Delivered');
    t.match(decodeURIComponent(page.url()), /"externalTrafficPolicy":"Cluster"/);
  });

  await t.test('what if: changes by hand, before and after', async (t) => {
    await page.goto(address(base, article, 'what-if', SERVICE));
    await page.getByText('No change yet').waitFor();
    await page.locator('.add-change').getByRole('button', { name: 'Add', exact: true }).click();
    const body = {
      snapshot: { digest: article },
      changes: [SCALE],
      probability: { services: [{ ...TO_SERVICE, via: 'CLUSTER_IP' }], families: ['IPv4'] },
    };
    const { summary, result } = await ask<ProbabilityWhatIf>(base, 'what-if', body);
    t.equal(await headline(page, summary), summary);
    const difference = result.difference.services[0];
    const shifts = await page
      .locator('[data-difference] [data-shift]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-shift')));
    t.same(shifts.sort(), difference?.endpoints.map(({ shift }) => shift.fraction).sort());
    t.match(await page.locator('[data-established]').innerText(), /^All are kept/);
    const after = page.getByRole('group', { name: 'Flow after the changes' });
    t.equal(await after.locator('.mark.pod').count(), 4);
    t.equal(await after.locator('.mark.pod.differs').count(), 4, 'differences are marked in the picture');
    await page.getByText('Chains as a diff').click();
    await page.locator('.diff .added').first().waitFor();
    await page.getByLabel('Number of replicas').fill('6');
    await page.getByLabel('Number of replicas').press('Enter');
    await headline(page, '3 → 6');
    await page.getByRole('checkbox', { name: /^scale/ }).uncheck();
    await page.getByText('Every change is switched off').waitFor();
    await page.goBack();
    await headline(page, '3 → 6');
  });

  await t.test('what if: order, and pasted manifests', async (t) => {
    await page.goto(address(base, article, 'what-if', { ...SERVICE, changes: listed(SCALE) }));
    await page.locator('.two section:last-child text.column', { hasText: 'client’s node' }).waitFor();
    const columns = (side: string) => page.locator(`.two section:${side} text.column`).allTextContents();
    t.same(await columns('first-child'), await columns('last-child'), 'both sides tell the same apart');
    const marks = async (side: string) =>
      page
        .locator(`.two section:${side} .mark.pod`)
        .evaluateAll((all) => all.map((one) => one.getAttribute('data-id')));
    const [was, is] = [await marks('first-child'), await marks('last-child')];
    t.same(
      was.filter((id) => is.includes(id)),
      is.filter((id) => was.includes(id)),
      'endpoints of both are in the same order',
    );
    await page.goto(address(base, article, 'what-if', { ...SERVICE, changes: listed(SCALE, LOCAL) }));
    const list = page.getByRole('list', { name: 'Changes, in order' }).getByRole('listitem');
    await list.first().waitFor();
    await list
      .first()
      .getByRole('button', { name: /^Later/ })
      .click();
    await list.first().getByText('externalTrafficPolicy Local').waitFor();
    await page.locator('.add-change').getByRole('button', { name: 'Manifests' }).click();
    await page.getByLabel(/^Manifests/).fill('apiVersion: v1\nkind: Service\nmetadata: {name: <b>broken}\n');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.locator('.failure').waitFor();
    t.match(await page.locator('.failure').innerText(), /\/changes\/2/, 'a fault is shown where it is');
    t.match(await list.last().locator('.fault').innerText(), /\S/, 'and at the change');
  });

  await t.test('sweep: curves, the bound, the points', async (t) => {
    await page.goto(
      address(base, zones, 'sweep', { workload: 'Deployment default/web', least: '3', most: '40', bound: '1/18' }),
    );
    const { summary, result } = await ask<SweepResult>(base, 'sweep', {
      snapshot: { digest: zones },
      sweep: {
        scale: { kind: 'Deployment', namespace: 'default', name: 'web' },
        from: 3,
        to: 40,
        bound: { largestShare: '1/18' },
      },
    });
    t.equal(await headline(page, summary), summary);
    await page.getByText('Points as a table').click();
    const largest = await fractions(page, '[data-points] tr td:nth-child(3) .share');
    t.same(
      largest,
      result.points.map(({ services }) => services[0]?.largest?.fraction),
    );
    t.match(await page.locator('[data-points] .smallest').innerText(), new RegExp(`^${result.bound?.smallest}\\b`));
    const slider = page.getByRole('slider', { name: /Shares over numbers/ });
    await slider.focus();
    await slider.press('ArrowRight');
    await page.locator('[aria-valuetext^="3 replicas"]').waitFor();
    await slider.press('ArrowRight');
    await page.locator('[aria-valuetext^="4 replicas"]').waitFor();
    const read = /largest endpoint (\S+) /.exec((await slider.getAttribute('aria-valuetext')) ?? '')?.[1] ?? '0';
    t.equal(reduced(read), result.points[1]?.services[0]?.largest?.fraction, 'the crosshair reads exact fractions');
  });

  await t.test('sweep: the load, where traffic is given', async (t) => {
    await page.goto(address(base, zones, 'sweep', { workload: 'Deployment default/web', least: '3', most: '9' }));
    await page.getByLabel('Amount of traffic').fill('60');
    await page.getByLabel('Amount of traffic').press('Enter');
    await page.getByLabel('What a pod takes').fill('15');
    await page.getByLabel('What a pod takes').press('Enter');
    const { summary, result } = await ask<SweepResult>(base, 'sweep', {
      snapshot: { digest: zones },
      sweep: {
        scale: { kind: 'Deployment', namespace: 'default', name: 'web' },
        from: 3,
        to: 9,
        probability: { traffic: { connections: 60, capacity: 15 } },
      },
    });
    t.equal(await headline(page, summary), summary);
    const slider = page.getByRole('slider', { name: /Load over numbers/ });
    await slider.press('ArrowRight');
    await page.locator('[aria-valuetext*="busiest pod, mean"]').waitFor();
    const load = result.points[0]?.services[0]?.load;
    const { most } = load as unknown as { most: { mean: number } };
    const shown = /busiest pod, mean ([\d.,]+),/.exec((await slider.getAttribute('aria-valuetext')) ?? '')?.[1];
    t.equal(Number(shown), Number(most.mean.toPrecision(4)));
    await page.getByText('a pod takes 15').waitFor();
  });

  await t.test('the cluster: what was assumed can be changed', async (t) => {
    await page.goto(address(base, article, 'cluster'));
    await page.getByRole('button', { name: 'Change settings.kubeProxy.mode' }).click();
    await page.getByRole('combobox', { name: 'settings.kubeProxy.mode' }).selectOption('nftables');
    await page.getByRole('button', { name: 'Use' }).click();
    await page.locator('tr.given', { hasText: 'kubeProxy.mode' }).waitFor();
    t.match(decodeURIComponent(page.url()), /"mode":"nftables"/);
    await page.getByRole('button', { name: 'Change settings.kubernetesVersion' }).click();
    await page.getByRole('textbox', { name: 'settings.kubernetesVersion' }).fill('1.2');
    await page.getByRole('button', { name: 'Use' }).click();
    await page.locator('.failure').waitFor();
    await page.getByRole('button', { name: 'Take back what was changed here' }).click();
    await page.locator('[data-field="settings.kubernetesVersion"]', { hasText: '1.30.5' }).waitFor();
    t.notMatch(page.url(), /settings/);
  });

  t.same(complaints, [], 'the browser has nothing to complain about');
});
