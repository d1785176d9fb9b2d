/** Random clusters in ipvs mode, as real connections through a real ip_vs. */
import { expectation } from '../expectation.js';
import type { PlantOptions } from '../plant/layout.js';
import { podsOf, type RandomCluster, randomCluster } from '../random-cluster.js';
import { RandomNumbers } from '../random-numbers.js';
import { randomQuestions } from '../random-question.js';
import { type Planned, plannedFor } from './matrix.js';

const NODES = 4;

export const RANDOM_OPTIONS: PlantOptions = {
  name: 'r',
  nodes: NODES,
  pods: podsOf(NODES),
  podNetwork: 'BRIDGE',
};

/** The scenarios of so many clusters with so many questions about each. */
export function randomPlans(seed: number, clusters: number, questions: number): readonly Planned[] {
  const random = new RandomNumbers(seed);
  const plans: Planned[] = [];
  while (plans.length < clusters) {
    const made = randomCluster(random, 'BRIDGE');
    const { kubeProxy, network, ...rest } = made.settings;
    const cluster: RandomCluster = {
      ...made,
      settings: {
        ...rest,
        kubeProxy: { ...kubeProxy, mode: 'ipvs' },
        // The bridges of the plant let packets back, and no CNI masquerades there.
        network: { ...network, hairpin: true, podMasquerade: [] },
      },
    };
    const asked = randomQuestions(random, cluster, questions).flatMap((path) => {
      const expected = expectation(RANDOM_OPTIONS, cluster, path);
      if (expected === undefined || expected.outcomes.length === 0) return [];
      return [{ name: `${JSON.stringify(path)} of cluster ${plans.length + 1} (${cluster.version})`, expected }];
    });
    plans.push(plannedFor(RANDOM_OPTIONS, cluster, cluster.nodes, asked));
  }
  return plans;
}
