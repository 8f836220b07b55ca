import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { payloadText } from '../../../dev/kit/event-element.js';
import { ALICE, at, BOB, cut, net, T0, useSyncWorld } from '../../../test/harness/sync-world.js';
import { rowText } from '../sources/testing/test-orchestrator.js';

const { world, transcode, received, processed, pass, rowsOf, owed, sourceRow, useSource } =
  useSyncWorld();

describe('passes over a source', () => {
  it('loses nothing that is written after a poll in the same second, and asks in whole seconds of UTC', async () => {
    transcode(5, ALICE, 1000n);
    await pass(5.4);
    transcode(5, ALICE, 400n);
    const report = await pass(65);
    expect(report).toMatchObject({ events: 2, fresh: 1, duplicates: 1 });
    expect((await owed())[ALICE]).toBe(net(1000n) + net(400n));
    expect(world.orchestrator.asked).toEqual([null, at(5 - 120)]);
  });

  it('goes on where a pass died half-way, and later asks from the beginning once more', async () => {
    for (let i = 0; i < 25_000; i += 1) transcode(i, ALICE, 1_000n + BigInt(i));
    const all = world.orchestrator.rows;
    world.orchestrator.answer = (_, response) => {
      const text = `[${all.map(rowText).join(',')}]`;
      response.writeHead(200, { 'content-length': text.length });
      response.write(text.slice(0, text.length * 0.7), () => response.socket?.destroy());
    };
    await expect(pass(30_000)).rejects.toMatchObject({ type: 'EVENT_SOURCE_TRUNCATED' });
    const failed = await sourceRow();
    expect(failed).toMatchObject({ last_error_code: 'EVENT_SOURCE_TRUNCATED' });
    expect(failed?.deep_from_dt).toEqual(new Date('1970-01-01T00:00:00Z'));
    world.orchestrator.answer = undefined;
    const report = await pass(30_001);
    expect(world.orchestrator.asked[1]).not.toBeNull();
    expect(report.fresh).toBeLessThan(10_000);
    const gross = all.reduce((sum, _, i) => sum + net(1_000n + BigInt(i)), 0n);
    expect((await owed())[ALICE]).toBe(gross);
    expect(await sourceRow()).toMatchObject({ last_error_code: null, last_error: null });
    expect((await sourceRow())?.deep_from_dt).not.toBeNull();
    expect(await pass(30_001 + 86_400)).toMatchObject({ events: 25_000, fresh: 0 });
    expect(world.orchestrator.asked.at(-1)).toBeNull();
    expect((await sourceRow())?.deep_from_dt).toBeNull();
    await pass(30_060 + 86_400);
    expect(world.orchestrator.asked.at(-1)).toBe(at(24_999 - 120));
  });

  it('finds late events once a day', async () => {
    transcode(100_000, ALICE, 1n);
    await pass(100_001);
    world.orchestrator.rows.unshift({
      ...{ id: 900, dt: at(0), payload: payloadText('transcode', { ethAddress: BOB, fees: 8n }) },
    });
    expect(await pass(100_060)).toMatchObject({ fresh: 0 });
    expect(await pass(100_001 + 86_400)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('asks for what came before a beginning that was moved, though another worker does not know of it yet', async () => {
    const { id } = world.config;
    const days = (count: number): number => count * 86_400;
    transcode(0, ALICE, 1_000n);
    transcode(days(11), ALICE, 10n);
    await useSource({ id, from: new Date(T0 + days(10) * 1_000) });
    const before = world.config;
    await pass(days(30));
    await useSource({ id, from: new Date(T0 - days(1) * 1_000) });
    const moved = world.config;
    world.config = before;
    await pass(days(30) + 60);
    world.config = moved;
    await pass(days(30) + 120);
    expect((await owed())[ALICE]).toBe(net(1_000n) + net(10n));
    expect(await sourceRow()).toMatchObject({ deep_from_dt: null });
    await pass(days(30) + 180);
    expect(world.orchestrator.asked.at(-1)).toBe(at(days(11) - 120));
  });

  it('finds what was written down a week late, although no pass ran for days', async () => {
    transcode(0, ALICE, 1n);
    await pass(1);
    transcode(80_000, ALICE, 2n);
    await pass(80_001);
    const late = payloadText('transcode', { ethAddress: BOB, fees: 8n });
    world.orchestrator.rows.unshift({ id: 900, dt: at(60), payload: late });
    expect(await pass(8 * 86_400)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('finds late events also when its own clock was a month ahead once', async () => {
    transcode(0, ALICE, 1n);
    await pass(1);
    await pass(40 * 86_400);
    transcode(86_400, ALICE, 2n);
    await pass(86_401);
    const late = payloadText('transcode', { ethAddress: BOB, fees: 8n });
    world.orchestrator.rows.unshift({ id: 900, dt: at(60), payload: late });
    expect(await pass(2 * 86_400 + 60)).toMatchObject({ fresh: 1 });
    expect((await owed())[BOB]).toBe(net(8n));
  });

  it('finds at once what came while the cursor was days ahead because of a wrong clock', async () => {
    transcode(0, ALICE, 1n);
    transcode(3 * 86_400, ALICE, 2n);
    expect((await pass(3 * 86_400)).cursor).toBe(at(3 * 86_400).replace('Z', '.000Z'));
    transcode(3_600, BOB, 8n);
    expect(await pass(2 * 86_400 + 3_600)).toMatchObject({ fresh: 1 });
    expect((await sourceRow())?.cursor_dt).toEqual(new Date(T0 + (2 * 86_400 + 3_600) * 1_000));
    transcode(2 * 86_400 + 3_650, BOB, 9n);
    expect(await pass(2 * 86_400 + 3_700)).toMatchObject({ fresh: 1 });
  });

  it('never moves the cursor past the present, nor up to it, for an event from the future', async () => {
    transcode(0, ALICE, 1n);
    transcode(2_300_000_000, ALICE, 2n);
    expect((await pass(600)).cursor).toBe(new Date(T0).toISOString());
    // For hours, a source that flushes seldom is minutes behind: each of its events counts with the next pass.
    for (const seconds of [60, 1_000, 4_000, 9_000]) {
      transcode(seconds, BOB, 8n);
      expect(await pass(seconds + 600)).toMatchObject({ fresh: 1 });
      expect((await sourceRow())?.cursor_dt).toEqual(new Date(T0 + seconds * 1_000));
    }
  });

  it('counts the events of a source whose clock is minutes ahead, and keeps up with it', async () => {
    for (const seconds of [300, 400, 500, 900]) {
      transcode(seconds, ALICE, 1n);
      expect(await pass(seconds - 200)).toMatchObject({ fresh: 1 });
    }
    expect((await sourceRow())?.cursor_dt).toEqual(new Date(T0 + 500_000));
  });

  it('credits each event once when two passes run over one source at the same time', async () => {
    for (let i = 0; i < 12_000; i += 1) {
      if (i % 3 === 0) transcode(i, i % 2 === 0 ? ALICE : BOB, 7n + BigInt(i));
      else if (i % 3 === 1) processed(i, `r${Math.floor(i / 3)}`, 11n + BigInt(i));
      else received(i, `r${Math.floor(i / 3)}`, i % 2 === 0 ? ALICE : BOB);
    }
    const reports = await Promise.all([pass(20_000), pass(20_000), pass(20_000)]);
    expect(reports.reduce((sum, report) => sum + report.fresh, 0)).toBe(12_000);
    const expected: Record<string, bigint> = { [ALICE]: 0n, [BOB]: 0n, commission: 0n };
    for (let i = 0; i < 12_000; i += 1) {
      if (i % 3 === 2) continue;
      const fee = i % 3 === 0 ? 7n + BigInt(i) : 11n + BigInt(i);
      const earner = (i % 3 === 0 ? i : i + 1) % 2 === 0 ? ALICE : BOB;
      expected[earner] = (expected[earner] ?? 0n) + net(fee);
      expected.commission = (expected.commission ?? 0n) + cut(fee);
    }
    expect(await owed()).toEqual(expected);
    const [seqs] = await rowsOf(
      'SELECT count(DISTINCT seq)::int AS seqs, max(seq)::int AS top FROM pool_event',
    );
    expect(seqs).toEqual({ seqs: 12_000, top: 12_000 });
  });

  it('takes null and an empty array for nothing new', async () => {
    for (const text of ['null', '[]', ' null\n']) {
      world.orchestrator.answer = (_, response) => response.end(text);
      expect(await pass(1)).toMatchObject({ events: 0, batches: 0, cursor: null });
    }
  });

  it('stops when it is cancelled, keeps what it has, and records no failure', async () => {
    transcode(0, ALICE, 100n);
    const environment = new MockActivityEnvironment();
    world.orchestrator.answer = (_, response) => {
      response.write(`[${rowText(world.orchestrator.rows[0] ?? { id: 0, dt: '' })},`);
      setTimeout(() => environment.cancel('CANCELLED'), 100);
    };
    await expect(pass(1, '1.0.0', environment)).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect((await owed())[ALICE]).toBe(net(100n));
    expect(await sourceRow()).toMatchObject({ last_error_code: null, last_success_at: null });
  });

  it('refuses a source that nobody configured', async () => {
    world.config = { ...world.config, id: 'nobody' };
    await expect(pass(1)).rejects.toMatchObject({ type: 'SOURCE_UNKNOWN' });
  });
});
