/** What is shared among endpoints is equal to what it was. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { SliceEndpoint } from '../../src/cluster/objects.js';
import { SharedEndpoints } from '../../src/cluster/share-endpoints.js';
import { runs } from '../support/runs.js';

const flag = fc.constantFrom(true, false, null);
const conditions = fc
  .shuffledSubarray(['ready', 'serving', 'terminating', 'other'])
  .chain((keys) => fc.tuple(...keys.map((key) => flag.map((value) => [key, value] as const))))
  .map((entries) => Object.fromEntries(entries));
const endpoint = fc.record(
  {
    addresses: fc.constant(['10.0.0.1']),
    conditions,
    zone: fc.constantFrom('europe-west4-a', 'europe-west4-b', null),
    nodeName: fc.constantFrom('node-1', 'a-node-with-a-long-name', null),
  },
  { requiredKeys: ['addresses'] },
);

t.test('endpoints are written as before', async () => {
  fc.assert(
    fc.property(fc.array(endpoint, { maxLength: 20 }), (endpoints) => {
      const before = JSON.stringify(endpoints);
      new SharedEndpoints().share(endpoints as SliceEndpoint[]);
      assert.equal(JSON.stringify(endpoints), before);
    }),
    { numRuns: runs(300) },
  );
});

t.test('equal conditions are one object', async (tt) => {
  const endpoints = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address, index) => ({
    addresses: [address],
    conditions: { ready: index < 2, serving: true },
  }));
  new SharedEndpoints().share(endpoints);
  tt.equal(endpoints[0]?.conditions, endpoints[1]?.conditions);
  tt.not(endpoints[0]?.conditions, endpoints[2]?.conditions);
});
