/** The alert rules: promtool tries them, and what they ask about is what is measured. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { inClusterAccess } from '../../src/collect/access.js';
import { readCollectSettings } from '../../src/collect/collect-settings.js';
import { Collector } from '../../src/collect/collector.js';
import { createLog } from '../../src/operations/log.js';
import { QUICK, send, start } from '../rest/support.js';
import { storeWithProxy } from '../snapshots/plant.js';

t.setTimeout(600_000);
const FOLDER = 'deploy/prometheus';
const promtool = (...words: readonly string[]) => spawnSync('promtool', words, { cwd: FOLDER, encoding: 'utf8' });
const missing = promtool('--version').status !== 0 && 'no promtool here: apt-get install -y prometheus';

t.test('promtool reads and tries the rules', { skip: missing }, async (tt) => {
  for (const words of [
    ['check', 'rules', 'kube-whatif.rules.yaml'],
    ['test', 'rules', 'kube-whatif.test.yaml'],
  ]) {
    const { status, stdout, stderr } = promtool(...words);
    tt.equal(status, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  }
});

t.test('every metric of a rule is one that is measured', async (tt) => {
  const { url, close } = await storeWithProxy();
  const running = await start({
    small: QUICK,
    large: QUICK,
    held: QUICK,
    store: { url, timeout: 1000, limit: 1e8, key: undefined, encrypt: false },
  });
  const settings = readCollectSettings({ KUBE_WHATIF_SERVER: 'http://127.0.0.1:1', COLLECT_NAME: 'a' });
  const collector = new Collector(settings, inClusterAccess('127.0.0.1', '1'), createLog('silent'));
  tt.teardown(async () => {
    collector.stop();
    await running.app.close();
    close();
  });
  const body = readFileSync('examples/three-zones.json');
  const put = await send(running, 'PUT', '/v1/snapshots/names/prod', { 'content-type': 'application/json' }, body);
  tt.equal(put.status, 201, put.text);
  const address = await collector.listen('127.0.0.1', 0);
  const texts = [
    (await send(running, 'GET', '/metrics')).text,
    (await send(running, 'GET', '/metrics/clusters')).text,
    await (await fetch(`${address}/metrics`)).text(),
  ].join('\n');
  const measured = new Set([...texts.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const rules = readFileSync(`${FOLDER}/kube-whatif.rules.yaml`, 'utf8');
  const asked = new Set([...rules.matchAll(/\bkube_whatif_\w+/g)].map(([name]) => name));
  tt.ok(asked.size > 10);
  tt.same(
    [...asked].filter((name) => !measured.has(name)),
    [],
  );
});
