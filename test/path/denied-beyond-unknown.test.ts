/** What the receiver's policies deny is denied, though it is not known what the sender's say: by each question. */
import t from 'tap';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { CALICO, NAMESPACES, networkPolicy, policedSnapshot } from '../support/policed-cluster.js';

/** By labels of a namespace that the snapshot does not have. */
const TO_TEAM = networkPolicy('to-team', {
  podSelector: { matchLabels: { app: 'web' } },
  policyTypes: ['Egress'],
  egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }],
});
const OF_PLUGIN = {
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'own' },
  spec: { selector: "app == 'web'", types: ['Egress'] },
};
const SHUT = networkPolicy('shut', { podSelector: { matchLabels: { tier: 'back' } }, policyTypes: ['Ingress'] });

// What is not known of the sender, which namespaces there are, and whether the receiver denies.
const ROWS: readonly (readonly [what: string, sender: object, namespaces: readonly unknown[], shut: boolean])[] = [
  ['labels of a namespace that is not there', TO_TEAM, [], true],
  ["a policy of the plugin's own", OF_PLUGIN, NAMESPACES, true],
  ['nothing that denies', TO_TEAM, [], false],
];

for (const [what, sender, namespaces, shut] of ROWS) {
  t.test(what, async (t) => {
    const policies = [sender, ...(shut ? [SHUT] : [])];
    const snapshot = policedSnapshot({ namespaces, policies, more: [CALICO] });
    // Pods on nodes n1 and n2, to pods on n2 and n3: on the same node and on another one.
    const { pairs } = ask('reach', { reach: {} }, snapshot).result;
    const pair = pairs.find(({ from, to }) => from === 'StatefulSet shop/web' && to === 'shop/api:80');
    const expected = shut ? { denied: { fraction: '1' } } : { unknown: { fraction: '1' } };
    t.match(pair, expected, 'reach');
    for (const pod of ['shop/web-0', 'shop/web-1']) {
      const service = { namespace: 'shop', name: 'api' };
      const path: QuestionRequest['path'] = { source: { pod }, destination: { service } };
      const { result, summary } = ask('path', { path }, snapshot);
      const { traces } = result;
      t.equal(traces.length, 2);
      for (const { verdict, cause } of traces) {
        t.equal(verdict, shut ? 'DROPPED' : 'UNKNOWN', `path from ${pod}`);
        if (shut) t.equal(cause, 'NETWORK_POLICY');
      }
      if (shut) t.match(summary, /Ingress policies at n[23] .* isolated by shop\/shut/);
    }
  });
}
