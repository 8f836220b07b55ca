/** A payer as a process of its own, which is killed on its way. */
import { installKillPoint, type Moment } from './kill-points.js';
import { livePayerLife, type PayerJob } from './payer-life.js';

const [job, moment] = process.argv.slice(2, 4).map((text) => JSON.parse(text) as unknown);
installKillPoint(moment as Moment | null);
await livePayerLife(job as PayerJob);
process.stdout.write('lived to the end\n');
process.exit(0);
