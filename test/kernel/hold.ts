/** For interrupt.test.ts: builds a plant, says so, and then stays, or fails. KERNEL_HOLD names the plant. */
import { Plant } from './plant/plant.js';

const name = process.env.KERNEL_HOLD ?? 'hold';
const pods = [{ name: 'default/held', node: 1, address: '10.180.1.2' }];
await Plant.build({ name, nodes: 1, pods, podNetwork: 'ROUTED' });
process.stdout.write('holding\n');
if (process.env.KERNEL_FAIL === '1') throw new Error('it fails as it was asked to');
setInterval(() => undefined, 60_000);
