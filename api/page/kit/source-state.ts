import type { Config } from '../../../config/config.js';
import type { SourceSummary } from '../../../core/events/store/sources/source-reads.js';

/** A source is late when this many sync intervals have passed without a complete sync. */
const LATE_INTERVALS = 4;

interface Surroundings {
  readonly config: Config;
  readonly now: Date;
}

/** Whether it was read, but not for long. */
export function isSourceLate(
  { id, lastSuccessAt }: SourceSummary,
  { config, now }: Surroundings,
): boolean {
  if (lastSuccessAt === null) return false;
  const configured = config.sources.find((source) => source.id === id);
  const intervalMs = configured?.syncIntervalMs ?? config.pool.syncIntervalMs;
  return now.getTime() - lastSuccessAt.getTime() > LATE_INTERVALS * intervalMs;
}

/** Whether the pool hears nothing from it: its last pass failed, or none has ended well for long. */
export const isSourceTroubled = (source: SourceSummary, around: Surroundings): boolean =>
  source.lastErrorCode !== null || isSourceLate(source, around);
