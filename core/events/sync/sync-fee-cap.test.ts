import { beforeEach, describe, expect, it } from 'vitest';
import { ALICE, at, BOB, cut, net, useSyncWorld } from '../../../test/harness/sync-world.js';

const { world, transcode, received, processed, pass, rowsOf, owed } = useSyncWorld();

describe('a cap on the fee of a job', () => {
  const CAP = 1_000n;
  const asideRows = () =>
    rowsOf<{ code: string; reason: string; event_id: string; open: boolean }>(
      'SELECT code, reason, event_id, resolved_at IS NULL AS open FROM set_aside ORDER BY id',
    );
  beforeEach(() => {
    world.maxJobFeeWei = CAP;
  });

  it('sets aside a job above it, says so, and credits the others, also one exactly at the cap', async () => {
    transcode(0, ALICE, CAP);
    transcode(1, BOB, CAP + 1n);
    transcode(2, ALICE, 5n);
    expect(await pass(10)).toMatchObject({ fresh: 2, setAside: 1 });
    expect(await owed()).toEqual({
      [ALICE]: net(CAP) + net(5n),
      commission: cut(CAP) + cut(5n),
    });
    const reason =
      'its fee of 0.000000000000001001 ETH is more than pool.maxJobFee, 0.000000000000001 ETH';
    const code = 'EVENT_FEE_ABOVE_CAP';
    expect(await asideRows()).toEqual([{ code, reason, event_id: '2', open: true }]);
  });

  it('lets a job above it count once, when it was raised enough and not before', async () => {
    transcode(0, BOB, 5_000n);
    await pass(10);
    expect(await pass(20)).toMatchObject({ retried: 0 });
    world.maxJobFeeWei = 4_999n;
    expect(await pass(30)).toMatchObject({ retried: 1 });
    expect(await asideRows()).toMatchObject([
      { open: true, reason: expect.stringContaining('0.000000000000004999 ETH') },
    ]);
    expect(await owed()).toEqual({});
    world.maxJobFeeWei = 5_000n;
    expect(await pass(40)).toMatchObject({ retried: 1 });
    expect(await owed()).toEqual({ [BOB]: net(5_000n), commission: cut(5_000n) });
    expect(await asideRows()).toMatchObject([{ open: false }]);
    expect(await pass(50)).toMatchObject({ retried: 0, fresh: 0 });
    expect(await owed()).toEqual({ [BOB]: net(5_000n), commission: cut(5_000n) });
  });

  it('makes a pass try again only its own refusals when it changes: others wait for another version', async () => {
    world.orchestrator.rows.push({ id: world.nextId, dt: at(0), element: '{"ID": 1}' });
    transcode(1, BOB, 5_000n);
    await pass(10);
    world.maxJobFeeWei = 5_000n;
    expect(await pass(20)).toMatchObject({ retried: 1 });
    expect(await pass(30, '2.0.0')).toMatchObject({ retried: 1 });
  });

  it('binds an AI job that was taken in later to its received half', async () => {
    received(0, 'r1', ALICE);
    processed(1, 'r1', 7_000n);
    await pass(10);
    expect(await owed()).toEqual({});
    world.maxJobFeeWei = 7_000n;
    await pass(20);
    expect(await owed()).toEqual({ [ALICE]: net(7_000n), commission: cut(7_000n) });
  });

  it('leaves alone what was credited before it was lowered', async () => {
    transcode(0, ALICE, CAP);
    await pass(10);
    world.maxJobFeeWei = 1n;
    expect(await pass(20)).toMatchObject({ fresh: 0, setAside: 0, duplicates: 1 });
    expect(await asideRows()).toEqual([]);
  });
});
