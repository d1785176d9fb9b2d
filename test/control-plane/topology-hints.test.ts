import t from 'tap';
import type { EndpointSlice, Node } from '../../src/cluster/objects.js';
import { addTopologyHints } from '../../src/control-plane/topology-hints.js';
import { cpuRatiosByZone } from '../../src/control-plane/zone-allocation.js';
import { goldenCases } from './golden.js';

interface HintsCase {
  readonly input: {
    readonly nodes: readonly Node[];
    readonly addressType: string;
    readonly slices: readonly {
      readonly name: string;
      readonly state: 'create' | 'update' | 'unchanged';
      readonly endpoints: EndpointSlice['endpoints'];
    }[];
  };
  readonly output: {
    readonly deterministic: boolean;
    readonly hintsAssigned: boolean;
    readonly events: readonly unknown[];
    readonly distinctOutcomes: number;
    readonly distinctHintsByZone: readonly Readonly<Record<string, number>>[];
    readonly possibleHints: Readonly<Record<string, readonly (readonly (string | null)[])[]>>;
    readonly outcomes: readonly {
      readonly hints: Readonly<Record<string, readonly (string | null)[]>>;
      readonly updatedSlices: readonly string[] | null;
      readonly overloaded: boolean;
    }[];
  };
}

for (const [name, { input, output }] of goldenCases<HintsCase>('topology-hints')) {
  t.test(`recorded: ${name}`, async (t) => {
    const slice = (one: HintsCase['input']['slices'][number]): EndpointSlice => ({
      kind: 'EndpointSlice',
      metadata: { name: one.name },
      addressType: input.addressType,
      endpoints: one.endpoints ?? [],
      ports: [],
    });
    const inState = (state: string) => input.slices.filter((one) => one.state === state).map(slice);
    const before = { toCreate: inState('create'), toUpdate: inState('update'), unchanged: inState('unchanged') };
    const result = addTopologyHints(before, cpuRatiosByZone(input.nodes), input.addressType);
    t.same(result.events, output.events, 'events');
    t.equal(result.hintsByZone !== undefined, output.hintsAssigned, 'hints assigned');
    const after = [...result.changes.toCreate, ...result.changes.toUpdate, ...result.changes.unchanged];
    const hints = Object.fromEntries(
      after.map((one) => [
        one.metadata.name,
        one.endpoints.map((endpoint) => {
          const zones = endpoint.hints?.forZones ?? [];
          return zones.length === 0 ? null : zones.map((zone) => zone.name).join('+');
        }),
      ]),
    );
    for (const [one, seen] of Object.entries(output.possibleHints)) {
      for (const [index, possible] of seen.entries()) {
        t.ok(possible.includes(hints[one]?.[index] ?? null), `hint of ${one}[${index}]: ${hints[one]?.[index]}`);
      }
    }
    const totals: Record<string, number> = {};
    for (const hint of Object.values(hints).flat())
      for (const zone of hint?.split('+') ?? []) totals[zone] = (totals[zone] ?? 0) + 1;
    const text = (value: unknown) => JSON.stringify(Object.entries(value as object).sort());
    t.ok(output.distinctHintsByZone.map(text).includes(text(totals)), `totals ${text(totals)}`);
    const updated = result.changes.toUpdate.filter((one) =>
      inState('unchanged').some((old) => old.metadata.name === one.metadata.name),
    );
    const outcome = output.outcomes.find((one) => text(one.hints) === text(hints));
    if (output.distinctOutcomes === output.outcomes.length) t.ok(outcome, 'one of the outcomes seen');
    const expected = outcome ?? output.outcomes[0];
    t.same(
      updated.map((one) => one.metadata.name).sort(),
      [...(expected?.updatedSlices ?? [])].sort(),
      'rewritten slices',
    );
    t.equal(result.overloaded, expected?.overloaded, 'overloaded');
  });
}
