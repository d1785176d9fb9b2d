import type { IPFamily } from '../../src/base/address.js';
import type { Destination, PathQuestion, Source } from '../../src/contract/requests.js';
import { inFamily } from './plant/families.js';
import { nodeAddress, nodeName, numbers } from './plant/layout.js';
import { outsideSource, podsOf, type RandomCluster, type RandomService, type ServicePort } from './random-cluster.js';
import type { RandomNumbers } from './random-numbers.js';

type Client = { readonly kind: 'POD' | 'HOST' | 'OUTSIDE'; readonly node: number; readonly source: Source };

function randomClient(random: RandomNumbers, cluster: RandomCluster, family: IPFamily): Client {
  const node = random.integer(1, cluster.nodes);
  const kind = random.one(['POD', 'POD', 'HOST', 'OUTSIDE'] as const);
  if (kind === 'OUTSIDE') return { kind, node, source: outsideSource(node, family) };
  if (kind === 'HOST') {
    const inPod = cluster.hostPods.includes(node) && random.chance(0.5);
    return { kind, node, source: inPod ? { pod: `default/host-${node}` } : { node: nodeName(node) } };
  }
  const own = podsOf(cluster.nodes).filter((pod) => pod.node === node);
  return { kind, node, source: { pod: random.one(own).name } };
}

/** The doors of a Service port for a client: every address that leads to it. */
function doors(
  random: RandomNumbers,
  service: RandomService,
  port: ServicePort,
  client: Client,
  nodes: number,
  family: IPFamily,
): Destination[] {
  const base = { namespace: 'default', name: service.name, port: port.port };
  // Ports of one number and two protocols are told apart by name.
  const named = { namespace: 'default', name: service.name, portName: port.name };
  const of = service.ports.filter((each) => each.port === port.port).length > 1 ? named : base;
  const found: Destination[] = [];
  if (service.headless) return [{ service: { ...of, via: 'DNS' } }];
  found.push({ service: { ...of, via: 'CLUSTER_IP' } });
  if (service.externalIPs.length > 0) found.push({ service: { ...of, via: 'EXTERNAL_IP' } });
  if (service.vips.length > 0) found.push({ service: { ...of, via: 'LOAD_BALANCER' } });
  if (port.nodePort !== undefined) {
    const node = client.kind === 'OUTSIDE' ? client.node : random.integer(1, nodes);
    found.push({ service: { ...of, via: 'NODE_PORT', node: nodeName(node) } });
    if (client.kind === 'HOST') found.push({ address: inFamily(family, '127.0.0.1'), port: port.nodePort });
  }
  return found;
}

/** An address that is nobody's door, or somebody's by its number alone. */
function elsewhere(random: RandomNumbers, cluster: RandomCluster, client: Client, family: IPFamily): Destination {
  const service = random.one(cluster.services);
  const node = client.kind === 'OUTSIDE' ? client.node : random.integer(1, cluster.nodes);
  const pods = podsOf(cluster.nodes);
  const found: Destination[] = [
    { pod: random.one(pods).name, port: 8080 },
    { address: nodeAddress(node), port: 30999 },
    { address: nodeAddress(node), port: 10256 },
    ...(service.headless ? [] : [{ address: service.clusterIP, port: 99 }]),
    ...service.vips.map((address) => ({ address, port: 99 })),
    ...service.externalIPs.map((address) => ({ address, port: 99 })),
    ...(service.healthCheckNodePort === undefined
      ? []
      : [{ address: nodeAddress(node), port: service.healthCheckNodePort }]),
    ...(client.kind === 'OUTSIDE' ? [] : [{ address: `10.180.${node}.1`, port: service.ports[0]?.nodePort ?? 8080 }]),
  ];
  const { address, ...rest } = random.one(found);
  return { ...rest, ...(address === undefined ? {} : { address: inFamily(family, address) }) };
}

/** A question of who reaches what in a cluster. */
function randomQuestion(random: RandomNumbers, cluster: RandomCluster): PathQuestion {
  if (random.chance(0.12)) {
    const family = random.one(cluster.families);
    const client = randomClient(random, cluster, family);
    return { source: client.source, destination: elsewhere(random, cluster, client, family), family };
  }
  const service = random.one(cluster.services);
  const family = random.one(service.families);
  const client = randomClient(random, cluster, family);
  const port = random.one(service.ports);
  const destination = random.one(doors(random, service, port, client, cluster.nodes, family));
  return {
    source: client.source,
    destination,
    family,
    ...(destination.address === undefined ? {} : { protocol: port.protocol }),
  };
}

/** So many questions, each once. */
export function randomQuestions(random: RandomNumbers, cluster: RandomCluster, count: number): readonly PathQuestion[] {
  const found = new Map<string, PathQuestion>();
  for (const _ of numbers(count * 3)) {
    if (found.size === count) break;
    const question = randomQuestion(random, cluster);
    found.set(JSON.stringify(question), question);
  }
  return [...found.values()];
}
