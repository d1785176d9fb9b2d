import t from 'tap';
import { Pacer } from '../../src/work/pacer.js';

t.test('a burst leaves at once, what comes after it at the rate', async (tt) => {
  let now = 1000;
  const pacer = new Pacer({ rate: 100, burst: 5, now: () => now });
  const delays = (count: number, most: number) => Array.from({ length: count }, () => Math.round(pacer.delay(most)));
  tt.same(delays(5, 1000), [0, 0, 0, 0, 0]);
  tt.same(delays(4, 1000), [0, 10, 20, 30]);
  now += 1000;
  tt.same(delays(7, 1000), [0, 0, 0, 0, 0, 0, 10], 'after a while without any there is a burst again');
});

t.test('nobody waits longer than the bound, and those that do not make others wait', async (tt) => {
  const pacer = new Pacer({ rate: 100, burst: 0, now: () => 0 });
  for (let i = 0; i < 1000; i++) tt.ok(pacer.delay(50) <= 50);
  tt.ok(pacer.delay(100) <= 60);
});

t.test('however many ask again at once, refusals a second are bounded', async (tt) => {
  // Clients that ask again as soon as they are refused, on a clock of their own.
  for (const clients of [10, 100, 1000]) {
    let now = 0;
    const pacer = new Pacer({ rate: 400, burst: 50, now: () => now });
    const due = Array.from({ length: clients }, () => 0);
    let refusals = 0;
    for (; now < 10_000; now++) {
      for (let i = 0; i < clients; i++) {
        if ((due[i] as number) > now) continue;
        refusals++;
        due[i] = now + Math.max(1, pacer.delay(4000));
      }
    }
    tt.ok(refusals <= 400 * 10 + 50 + clients, `${clients} clients: ${refusals}`);
  }
});
