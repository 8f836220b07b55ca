/** The one source that benches of ingest read, with terms that hold from its first event on. */
import { eq } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { source } from '../../core/events/store/tables.js';
import { COMMISSION_BPS } from '../../dev/stack/pool/stack-config.js';
import { recordTerms } from '../../test/harness/terms.js';

export function benchSource(endpoint: string): SourceConfig {
  return {
    id: 'bench',
    kind: 'orchestrator-http',
    module: null,
    baseDir: '/',
    region: 'bench',
    nodeType: 'ai',
    from: null,
    syncIntervalMs: 60_000,
    options: { endpoint },
  };
}

export async function openBenchSource(db: Database, config: SourceConfig): Promise<void> {
  const { readsFrom } = await createEventSource(config);
  await registerSources(db, [{ ...config, readsFrom }]);
  const terms = { commissionBps: COMMISSION_BPS, thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(db, terms, new Date(0));
}

/** Says that the source reads another place from now on, which a worker of the pool would refuse. */
export async function moveBenchSource(db: Database, config: SourceConfig): Promise<void> {
  const { readsFrom } = await createEventSource(config);
  await db.update(source).set({ readsFrom }).where(eq(source.id, config.id));
}
