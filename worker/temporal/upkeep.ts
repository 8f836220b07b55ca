/**
 * Puts into Temporal what the pool needs there, search attributes and schedules, at the start and whenever it was lost:
 * without this, a worker that keeps running after Temporal was wiped would sync, sweep and pay nothing until somebody
 * restarts it.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { forgetEndedSessions } from '../../core/access/store/sessions.js';
import { foreignText } from '../../core/base/foreign-text.js';
import { retireSources } from '../../core/events/store/sources/source-register.js';
import {
  forgetWorker,
  noteWorker,
  sourcesOfWorkers,
} from '../../core/ledger/store/worker-processes.js';
import { turns, UNHEALTHY_SHARE } from '../../core/processes/turns.js';
import { termsMark } from '../../core/terms/store/recorded-terms.js';
import { untilDatabaseAnswers } from '../../start/await-database.js';
import type { ServiceContext } from '../../start/service.js';
import { isEarlierVersionThere, takeOver } from '../earlier-version.js';
import { registerSearchAttributes } from './register-search-attributes.js';
import { raiseRetention } from './retention.js';
import {
  applySchedules,
  areSchedulesThere,
  deleteRemovedSources,
  triggerAsking,
  triggerStartChecks,
} from './schedules.js';

const LOOK_EVERY_MS = 10_000;
const EARLIER_VERSION_RUNS =
  'a worker of an earlier version still runs on this pool and has put its schedules back: stop it; what it began is taken over';
const SCHEDULES_MISSING = 'schedules are missing, Temporal was wiped or changed: they are put back';

export function createUpkeep(
  context: ServiceContext,
  { connection, client }: { readonly connection: NativeConnection; readonly client: Client },
) {
  const { config, db, ledger, log, version } = context;
  const { poolId, isUpgraded } = ledger;
  const { address, namespace } = config.temporal;
  const sourceIds = config.sources.map(({ id }) => id);
  const presence = { id: randomUUID(), version, sources: sourceIds, host: hostname() };
  const settings = { ...config, poolId };
  /** The mark of the terms at the last asking that is certain; null: before the start has asked. */
  let askedAt: string | null = null;

  /** Creates or updates what is missing. Several workers may run this at once. */
  async function putBack(): Promise<void> {
    await untilDatabaseAnswers(context, () => noteWorker(db, presence));
    await registerSearchAttributes({ connection, address, namespace, log });
    await raiseRetention({ connection, temporal: config.temporal, log });
    if (isUpgraded) await takeOver({ ...context, client, poolId, sources: config.sources });
    await applySchedules(client.schedule, settings);
    const mark = await untilDatabaseAnswers(context, () => termsMark(db));
    await triggerStartChecks(client.schedule, poolId);
    askedAt = mark;
  }

  /** Returns what is wrong: schedules are missing, or an earlier version has put its own back. Null when nothing is. */
  async function findFault(): Promise<string | null> {
    const isTurning = turns.standing(UNHEALTHY_SHARE).length === 0;
    await noteWorker(db, presence, { isTurning });
    await retireSources(db, sourceIds);
    await forgetEndedSessions(db);
    const read = await sourcesOfWorkers(db);
    await deleteRemovedSources(client.schedule, poolId, (id) => read.has(id), log);
    if (isUpgraded && (await isEarlierVersionThere(client))) return EARLIER_VERSION_RUNS;
    return (await areSchedulesThere(client.schedule, settings)) ? null : SCHEDULES_MISSING;
  }

  /**
   * Has the policy asked as soon as there are other terms: workers with rates of their own would otherwise keep those of the
   * terms before until its next turn. Whoever changes terms needs no Temporal for this.
   */
  async function askAfterOtherTerms(): Promise<void> {
    const mark = await termsMark(db);
    if (askedAt !== null && askedAt !== mark) await triggerAsking(client.schedule, poolId);
    askedAt = mark;
  }

  async function look(): Promise<void> {
    try {
      const fault = await findFault();
      if (fault !== null) {
        log.warn(fault);
        await putBack();
      }
      // Last: it triggers a schedule, which may be one of those that were missing.
      await askAfterOtherTerms();
    } catch (error) {
      // Temporal is unreachable, or another worker restored them first: the next check tries again.
      log.debug(`the schedules were not looked after: ${foreignText(error)}`);
    }
  }

  return {
    putBack,
    /** Checks regularly, and restores what is missing, until the returned function is called. */
    keep(): () => void {
      let isLooking = false;
      const timer = setInterval(() => {
        if (isLooking) return;
        isLooking = true;
        void look().finally(() => {
          isLooking = false;
        });
      }, LOOK_EVERY_MS);
      return () => clearInterval(timer);
    },
    async leave(): Promise<void> {
      // The worker must be able to stop while Postgres is away.
      await forgetWorker(db, presence.id).catch(() => undefined);
    },
  };
}
