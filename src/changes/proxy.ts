import { QuestionError } from '../base/errors.js';
import { requireNode } from '../cluster/lookup.js';
import { partlyChanged } from '../cluster/partly-changed.js';
import type { SettingsOverride } from '../cluster/settings-override.js';
import type { ProxyChange } from '../contract/requests.js';
import type { ChangeKind, Consequence } from './change.js';
import { describeFields } from './describe-fields.js';
import { differences } from './differences.js';
import { impossible } from './refused-change.js';

/** Errors of settings as errors of the change that has them. */
function pointerOf(change: ProxyChange, pointer: string, place: string): string {
  if (place === '/settings/kubernetesVersion')
    return change.kubernetesVersion === undefined ? pointer : `${pointer}/kubernetesVersion`;
  if (place === '/settings/kubeProxy/mode' && change.mode !== undefined) return `${pointer}/mode`;
  return place.startsWith('/settings/kubeProxy')
    ? place.replace('/settings/kubeProxy', `${pointer}/settings`)
    : pointer;
}

/**
 * `proxy`: another version, mode or configuration of kube-proxy, on every node or on some. What the change says wins
 * over the request's settings and over the snapshot; everything else stays.
 */
export const proxy: ChangeKind<'proxy'> = {
  key: 'proxy',
  schema: 'ProxyChange',
  summary: 'kube-proxy gets another version, mode or settings',
  example: { mode: 'nftables' },
  describe: (change) => `kube-proxy: ${describeFields(change)}`,
  apply(cluster, change, context, pointer) {
    const { kubernetesVersion, mode, settings, nodes } = change;
    for (const [index, node] of (nodes ?? []).entries()) requireNode(cluster, node, `${pointer}/nodes/${index}`);
    if (mode !== undefined && settings?.mode !== undefined && mode !== settings.mode) {
      throw impossible(
        `${pointer}/settings/mode`,
        `mode is ${mode} and settings.mode is ${settings.mode}; say it once.`,
      );
    }
    const more: SettingsOverride = {
      ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
      ...(mode === undefined && settings === undefined
        ? {}
        : { kubeProxy: { ...settings, ...(mode === undefined ? {} : { mode }) } }),
    };
    try {
      const next = context.settings.overriddenBy(more);
      const consequences = differences(context.settings.asUsed, next.asUsed).map(
        (detail): Consequence => ({ kind: 'SETTINGS_CHANGED', object: 'kube-proxy', detail }),
      );
      if (nodes === undefined) return { cluster, settings: next, choices: [], consequences, assumptions: [] };
      const own = consequences.map((one) => ({ ...one, detail: `${one.detail} on ${nodes.join(', ')}` }));
      const partly = partlyChanged(context.settings, next, new Set(nodes));
      return { cluster, settings: partly, choices: [], consequences: own, assumptions: [] };
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      const problems = error.problems.map((one) => ({ ...one, pointer: pointerOf(change, pointer, one.pointer) }));
      throw new QuestionError(error.code, error.message, problems);
    }
  },
};
