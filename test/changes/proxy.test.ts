import t from 'tap';
import { applyChanges } from '../../src/changes/index.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { AT, article, changed, refusal, rulesOf } from './fixture.js';

t.test('what the change says wins, the rest stays', async (t) => {
  const before = article();
  const given = inferSettings(before, {
    kubernetesVersion: '1.28',
    kubeProxy: { clusterCIDR: '10.0.0.0/8', iptables: { masqueradeBit: 3 }, featureGates: { A: true } },
  });
  const {
    cluster: after,
    settings,
    applied,
  } = applyChanges(
    before,
    [
      { proxy: { settings: { iptables: { masqueradeAll: true }, featureGates: { B: false } } } },
      { proxy: { kubernetesVersion: '1.34' } },
    ],
    { settings: given, at: AT },
  );
  t.equal(after, before, 'the cluster is the same');
  t.match(settings.proxyOf('node-1'), {
    version: { minor: 34 },
    clusterCIDR: ['10.0.0.0/8'],
    masqueradeAll: true,
    masqueradeBit: 3,
    featureGates: { A: true, B: false },
  });
  t.match(settings.asUsed, { kubernetesVersion: /^1\.34\./, kubeProxy: { iptables: { masqueradeAll: true } } });
  t.match(
    applied.map(({ consequences }) => consequences.map(({ kind, detail }) => `${kind} ${detail}`)),
    [
      [/^SETTINGS_CHANGED .*masqueradeAll false → true$/, /featureGates\.B none → false$/],
      [/^SETTINGS_CHANGED kubernetesVersion 1\.28\.\d+ → 1\.34\.\d+$/],
    ],
  );
  t.not(rulesOf(after, settings), rulesOf(before, given));
  t.equal(changed(before, { proxy: { mode: 'nftables' } }).settings.proxyOf('node-1').mode, 'nftables');
  t.match(
    settings.assumptions.map(({ field }) => field),
    ['settings.kubernetesVersion'],
    'what the request says is not assumed',
  );
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const cases = [
    [{ kubernetesVersion: '1.99' }, 'UNSUPPORTED', '/kubernetesVersion'],
    [{ kubernetesVersion: 'new' }, 'INVALID_REQUEST', '/kubernetesVersion'],
    [{ settings: { clusterCIDR: 'x' } }, 'INVALID_REQUEST', '/settings/clusterCIDR'],
    [{ settings: { detectLocalMode: 'BridgeInterface' } }, 'INVALID_REQUEST', '/settings/detectLocal/bridgeInterface'],
    [{ mode: 'ipvs' as const, settings: { mode: 'iptables' as const } }, 'IMPOSSIBLE_CHANGE', '/settings/mode'],
  ] as const;
  for (const [proxy, code, place] of cases) {
    t.match(
      refusal(() => changed(before, { proxy })),
      { code, pointer: `/changes/0/proxy${place}` },
      JSON.stringify(proxy),
    );
  }
});
