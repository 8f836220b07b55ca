/** A worker of its own process that tells what happens and carries payouts, as a test kills it. */

import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createNoticeActivities } from '../../activities/notices.js';
import { openDatabase } from '../../core/db/database.js';
import type { NoticeTarget } from '../../core/notices/notifiers/notifier.js';
import { createNotifier } from '../../core/notices/notifiers/registry.js';
import type { BackOff } from '../../core/notices/rules/back-off.js';
import { createLanes, runLanes } from '../../worker/temporal/lanes.js';
import { TEST_ROUND } from '../harness/money.js';

export interface TellerJob {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly taskQueue: string;
  readonly workflowBundlePath: string;
  readonly targets: readonly NoticeTarget[];
  readonly backOff: BackOff;
}

const job = JSON.parse(process.argv[2] ?? '') as TellerJob;
Runtime.install({ logger: new DefaultLogger('ERROR') });
const targets = new Map<
  string,
  { target: NoticeTarget; notifier: Awaited<ReturnType<typeof createNotifier>> }
>();
for (const target of job.targets) {
  targets.set(target.id, { target, notifier: await createNotifier(target) });
}
const activities = createNoticeActivities({
  db: openDatabase({ url: job.databaseUrl, maxConnections: 5 }),
  targets,
  pool: { id: 'p', name: 'a pool', publicUrl: null, explorerUrl: null },
  backOff: job.backOff,
  keepInWalletWei: 0n,
  round: TEST_ROUND,
});
const workers = await createLanes({
  connection: await NativeConnection.connect({ address: job.temporalAddress }),
  namespace: 'default',
  mainQueue: job.taskQueue,
  workflows: { workflowBundle: { codePath: job.workflowBundlePath } },
  activities: {
    ...activities,
    sendPayout: async () => ({ kind: 'closed', state: 'paid', txHash: null }),
  },
});
process.stdout.write('tells\n');
await runLanes(workers);
