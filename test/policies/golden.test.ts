/** Verdicts of policies against recordings: packets that engines and the API's documentation decided. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { isDeepStrictEqual } from '../../src/base/deep-equal.js';
import { nodeOfAddress, podOfAddress } from '../../src/cluster/addresses.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { type Decision, decide, type RuleRef } from '../../src/policies/evaluate.js';
import { type End, isPoliced, podEnd } from '../../src/policies/flow.js';

interface RecordedEnd {
  readonly pod?: string;
  readonly node?: string;
  readonly ip?: string;
}

interface RecordedRule {
  readonly policy?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly rule: number;
}

interface Recorded {
  readonly verdict: 'allow' | 'deny';
  readonly tier: string;
  readonly isolatedBy?: readonly string[];
  readonly allowedBy?: readonly RecordedRule[];
  readonly decidedBy?: RecordedRule;
  readonly passedBy?: RecordedRule;
}

interface Packet {
  readonly id: number;
  readonly from: RecordedEnd;
  readonly to: RecordedEnd;
  readonly src: string;
  readonly dst: string;
  readonly seenAs?: string;
  readonly protocol: string;
  readonly port: number;
  readonly egress: Recorded;
  readonly ingress: Recorded;
}

interface Case {
  readonly about: string;
  readonly snapshot: unknown;
  readonly packets: readonly Packet[];
}

const CASES: Readonly<Record<string, Case>> = JSON.parse(
  gunzipSync(readFileSync('test/policies/golden.json.gz')).toString(),
);

function endOf(cluster: Cluster, { pod, node }: RecordedEnd, address: string): End {
  const object = pod === undefined ? undefined : cluster.pods.get(pod);
  if (object !== undefined) return podEnd(cluster, object, address);
  const named = cluster.nodes.get(node ?? '');
  return named === undefined ? { address } : { address, node: named };
}

/** Who is behind an address that a packet was given on its way. */
function seenAs(cluster: Cluster, address: string): End {
  const node = nodeOfAddress(cluster, address);
  if (node !== undefined) return { address, node };
  const pod = podOfAddress(cluster, address);
  return pod === undefined ? { address } : podEnd(cluster, pod, address);
}

const policedPod = (cluster: Cluster, { pod }: RecordedEnd) => {
  const object = cluster.pods.get(pod ?? '');
  return object !== undefined && isPoliced(object) ? object : undefined;
};

const bare = (rule: RuleRef) => ({ policy: rule.policy, rule: rule.rule });
const admin = (rule: RuleRef | undefined) =>
  rule === undefined ? undefined : { kind: rule.kind, name: rule.policy, rule: rule.rule };

/** A decision in the words of the recordings. */
function spelled(decision: Decision): unknown {
  const { verdict, tier, isolatedBy, allowedBy, decidedBy, passedBy } = decision;
  return {
    verdict: verdict.toLowerCase(),
    tier: tier === 'NETWORK_POLICY' ? 'networkpolicy' : tier.toLowerCase(),
    isolatedBy: tier === 'NETWORK_POLICY' ? [...isolatedBy].sort() : [],
    allowedBy: allowedBy.map(bare),
    decidedBy: admin(decidedBy),
    passedBy: admin(passedBy),
  };
}

const rest = ({ verdict, tier, isolatedBy = [], allowedBy = [], decidedBy, passedBy }: Recorded) => ({
  verdict,
  tier,
  isolatedBy: tier === 'networkpolicy' ? isolatedBy : [],
  allowedBy: allowedBy.map(({ policy, rule }) => ({ policy, rule })),
  decidedBy: decidedBy && { kind: decidedBy.kind, name: decidedBy.name, rule: decidedBy.rule },
  passedBy: passedBy && { kind: passedBy.kind, name: passedBy.name, rule: passedBy.rule },
});

for (const [name, { about, snapshot, packets }] of Object.entries(CASES)) {
  t.test(`${name}: ${about}`, async (t) => {
    const bytes = new TextEncoder().encode(JSON.stringify(snapshot));
    const { cluster } = readSnapshot({ files: [{ bytes }] });
    const wrong: unknown[] = [];
    for (const packet of packets) {
      const source = endOf(cluster, packet.from, packet.src);
      const destination = endOf(cluster, packet.to, packet.dst);
      const { protocol, port } = packet;
      const flow = { source, destination, protocol, port };
      const seen = packet.seenAs === undefined ? source : seenAs(cluster, packet.seenAs);
      for (const [direction, pod, recorded] of [
        ['EGRESS', policedPod(cluster, packet.from), packet.egress],
        ['INGRESS', policedPod(cluster, packet.to), packet.ingress],
      ] as const) {
        const own = direction === 'INGRESS' ? { ...flow, source: seen } : flow;
        const found = spelled(decide(cluster, direction, own, pod));
        const wanted = rest(recorded);
        if (!isDeepStrictEqual(found, wanted)) wrong.push({ id: packet.id, direction, found, wanted });
      }
    }
    t.strictSame(wrong, []);
  });
}
