/** A process that goes over all sources and is killed on its way. */
import { writeSync } from 'node:fs';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { type PassSettings, startSyncProcess, stopSyncProcess, syncOnce } from './sync-process.js';
import type { KillPlan } from './wire-tap.js';

/** The job of the process, passed to it as JSON. */
export interface KilledSyncJob {
  readonly databaseUrl: string;
  readonly kill: KillPlan;
  readonly passes: readonly {
    readonly config: Omit<SourceConfig, 'from'>;
    readonly settings: Omit<PassSettings, 'maxJobFeeWei'>;
    readonly maxJobFeeWei: string;
  }[];
}

const job = JSON.parse(process.argv[2] ?? '') as KilledSyncJob;
const life = startSyncProcess(job.databaseUrl);
life.tap.set({
  ...job.kill,
  spring: () => {
    writeSync(1, 'killed\n');
    process.kill(process.pid, 'SIGKILL');
    // The process must not run on while the signal is on its way.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
for (const { config, settings, maxJobFeeWei } of job.passes) {
  const outcome = await syncOnce(
    life,
    { ...config, from: null },
    { ...settings, maxJobFeeWei: BigInt(maxJobFeeWei) },
  );
  writeSync(1, `${JSON.stringify(outcome)}\n`);
}
await stopSyncProcess(life);
