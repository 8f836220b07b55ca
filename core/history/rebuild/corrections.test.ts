import { describe, expect, it } from 'vitest';
import {
  ingestSaid,
  JOB_MATCH_WINDOW_MS,
  payeeOf,
  type Said,
  toElement,
} from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import type { EventContent } from '../../events/rules/reading/event-content.js';
import { MAX_FEE_WEI } from '../../events/rules/reading/event-content.js';
import { ingestBatch, openIngestSession } from '../../events/store/ingest/ingest.js';
import { prepareSlice } from '../../events/store/ingest/prepared-events.js';

const AT_MS = Date.parse('2026-06-01T00:00:00Z');
const JOB: Said = {
  ...{ id: 1, atMs: AT_MS, type: 'job-processed' },
  fields: { requestID: 'q', fees: 1_000n },
};
const RECEIVED: Said = {
  ...{ id: 2, atMs: AT_MS + 10_000, type: 'job-received' },
  fields: { requestID: 'q', ethAddress: payeeOf(1) },
};
const NAMELESS: Said = { id: 3, atMs: AT_MS, type: 'job-processed', fields: { fees: 70n } };

const { world, rowsOf, rebuild: rebuildAs } = useHistory();

/** Takes in an event like an earlier version that read something else out of it. */
async function ingestMisread(said: Said, changes: Record<string, unknown>): Promise<void> {
  const { db } = world;
  const session = openIngestSession({
    ...{ db, sourceId: 'a', jobMatchWindowMs: JOB_MATCH_WINDOW_MS, maxJobFeeWei: MAX_FEE_WEI },
    ...{ version: '1', from: null, now: () => new Date() },
  });
  const element = toElement(said);
  const content = { ...element.event.content, ...changes } as EventContent;
  const misread = { ...element, event: { ...element.event, content } };
  const batch = { events: prepareSlice('a', [misread]), refused: [], cursorHint: null };
  await ingestBatch(session, batch);
}

const rebuild = (isApplied: boolean) =>
  rebuildAs({
    apply: isApplied ? { actor: 'test', reason: 'it was misread', allowDebt: false } : null,
  });
const balances = async (): Promise<Record<string, string>> => {
  const rows = await rowsOf(
    `SELECT coalesce(w.payee, account) AS who, sum(amount_wei) AS wei FROM balance b
       LEFT JOIN remote_worker w ON w.id = b.remote_worker_id
      WHERE amount_wei <> 0 GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ who, wei }) => [who, wei]));
};
const isSound = async () => {
  expect(await checkInvariants(world.db, { withEvents: true })).toEqual([]);
  expect(await rebuild(false)).toMatchObject({ ok: true, findings: [] });
};

describe('a correction of what still waits', () => {
  it.each([1_010n, 990n])(
    'credits what the event says, not the %i wei that were read before',
    async (grossWei) => {
      await ingestMisread(JOB, { grossWei });
      expect(await rebuild(true)).toMatchObject({ ok: true, corrections: { rows: 1 } });
      await isSound();
      await ingestSaid(world.db, 'a', [RECEIVED]);
      expect(await balances()).toMatchObject({ [payeeOf(1)]: '966', revenue: '-1000' });
      await isSound();
    },
  );

  it('credits the worker whom the received half names, not the one who was read before', async () => {
    await ingestMisread(RECEIVED, { payee: payeeOf(5) });
    expect(await rebuild(true)).toMatchObject({ ok: true, corrections: { rows: 1 } });
    await ingestSaid(world.db, 'a', [JOB]);
    expect(Object.keys(await balances())).toEqual([payeeOf(1), 'commission', 'revenue']);
    await isSound();
  });

  it('removes a waiting job whose event names a worker, or is no job', async () => {
    const named: Said = { ...NAMELESS, fields: { fees: 70n, ethAddress: payeeOf(2) } };
    await ingestMisread(named, { payee: null });
    await ingestMisread(
      { ...NAMELESS, id: 4, type: 'moon-landed' },
      {
        kind: 'job',
        payee: null,
        requestId: null,
        grossWei: 9n,
        computeUnits: 0n,
        pipeline: null,
        modelId: null,
      },
    );
    expect(await rebuild(true)).toMatchObject({ ok: true, corrections: { rows: 2 } });
    expect(await balances()).toMatchObject({ [payeeOf(2)]: '67', revenue: '-70' });
    await isSound();
  });

  it('corrects nothing when a job would be booked that nobody could decide about', async () => {
    await ingestMisread(NAMELESS, { kind: 'note' });
    const before = await balances();
    const result = await rebuild(true);
    expect(result.findings.at(-1)).toMatchObject({
      code: 'CORRECTION_LEFT',
      message: expect.stringContaining('70 wei more than the jobs that wait'),
    });
    expect(result).toMatchObject({ ok: false, corrections: { rows: 0 } });
    expect(await balances()).toEqual(before);
  });
});
