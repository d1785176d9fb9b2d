/** Defaults of workloads. Source: Kubernetes 1.36 pkg/apis/apps/v1/defaults.go. */
import { type Fields, fieldsIn, isGiven, textIn } from '../read-fields.js';
import { filled, podSpecDefaults, withItems } from './pod-spec.js';

function template(spec: Fields): Fields {
  const own = fieldsIn(spec.template);
  return { ...spec, template: { ...own, metadata: own.metadata ?? {}, spec: podSpecDefaults(fieldsIn(own.spec)) } };
}

function deploymentStrategy(strategy: Fields): Fields {
  const own = filled(strategy, { type: 'RollingUpdate' });
  if (own.type !== 'RollingUpdate') return own;
  return { ...own, rollingUpdate: filled(fieldsIn(own.rollingUpdate), { maxUnavailable: '25%', maxSurge: '25%' }) };
}

function daemonStrategy(strategy: Fields): Fields {
  const own = filled(strategy, { type: 'RollingUpdate' });
  if (own.type === 'RollingUpdate') {
    return { ...own, rollingUpdate: filled(fieldsIn(own.rollingUpdate), { maxUnavailable: 1, maxSurge: 0 }) };
  }
  if (!isGiven(own.rollingUpdate)) return own;
  // What is kept of it for later has both numbers: 0 is how the API server holds the one that is not there.
  return { ...own, rollingUpdate: filled(fieldsIn(own.rollingUpdate), { maxUnavailable: 0, maxSurge: 0 }) };
}

function statefulStrategy(strategy: Fields): Fields {
  const isTyped = textIn(strategy.type) !== '';
  const own: Fields = isTyped
    ? strategy
    : { ...strategy, type: 'RollingUpdate', rollingUpdate: strategy.rollingUpdate ?? {} };
  if (own.type !== 'RollingUpdate' || !isGiven(own.rollingUpdate)) return own;
  return { ...own, rollingUpdate: filled(fieldsIn(own.rollingUpdate), { partition: 0 }) };
}

/** A StatefulSet's claim template with the defaults that are stored with it. */
function claim(value: Fields): Fields {
  return {
    ...value,
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: value.metadata ?? {},
    spec: filled(fieldsIn(value.spec), { volumeMode: 'Filesystem' }),
    status: filled(fieldsIn(value.status), { phase: 'Pending' }),
  };
}

/** The spec of a workload. */
export function workloadDefaults(kind: string, spec: Fields): Fields {
  const own = template(spec);
  switch (kind) {
    case 'Deployment':
      return filled(
        { ...own, strategy: deploymentStrategy(fieldsIn(own.strategy)) },
        { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
      );
    case 'DaemonSet':
      return filled(
        { ...own, updateStrategy: daemonStrategy(fieldsIn(own.updateStrategy)) },
        { revisionHistoryLimit: 10 },
      );
    case 'StatefulSet': {
      const retention = filled(fieldsIn(own.persistentVolumeClaimRetentionPolicy), {
        whenDeleted: 'Retain',
        whenScaled: 'Retain',
      });
      const whole: Fields = {
        ...own,
        updateStrategy: statefulStrategy(fieldsIn(own.updateStrategy)),
        persistentVolumeClaimRetentionPolicy: retention,
      };
      return filled(withItems(whole, 'volumeClaimTemplates', claim), {
        podManagementPolicy: 'OrderedReady',
        replicas: 1,
        revisionHistoryLimit: 10,
      });
    }
    default:
      return filled(own, { replicas: 1 });
  }
}
