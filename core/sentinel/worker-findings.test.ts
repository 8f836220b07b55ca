/** Tests the signs of fraud on a real Postgres: what shows them is named, and a healthy pool shows none. */
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, hourBefore, NOW, useSentinelWorld } from '../../test/harness/sentinel-world.js';
import { addConnection, addressOf, addWorker } from '../../test/kit/test-pool.js';

const { world, run, look, open, openCodes } = useSentinelWorld();

const NO_BUCKETS = `array_fill(0, ARRAY[24])`;
const dayBefore = (days: number) => new Date(NOW.getTime() - days * DAY).toISOString().slice(0, 10);

/** Workers that each did 40 jobs of 100 000 000 pixels in half a second each in this hour, and earned alike for a week. */
async function aHealthyPool(workers = 8): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let n = 1; n <= workers; n += 1) {
    const id = await addWorker(world.db, { payee: addressOf(n), lastEventAt: NOW });
    ids.push(id);
    // Hardware differs: the fastest takes a quarter of the time of the slowest.
    await hour(id, { jobs: 40, instant: n % 2, responseUs: 40 * 200_000 * (1 + (n % 4)) });
    for (let d = 0; d <= 6; d += 1) await earn(id, dayBefore(d), 1_000 + ((n * d) % 5) * 100);
    await addConnection(world.db, {
      sourceId: 'one',
      workerId: id,
      at: hourBefore(20),
      seq: n,
      connection: `10.0.${n % 4}.7:${40_000 + n}`,
    });
  }
  return ids;
}

async function hour(
  id: number,
  { jobs, instant, responseUs }: { jobs: number; instant: number; responseUs: number },
) {
  await run(
    `INSERT INTO worker_hour VALUES ($1, $2, '', '', $3::int, 0, 0, 0, 0, 0, 0, $4::int, $5, ($3::int - $4::int) * 100000000::numeric,
                                     ${NO_BUCKETS})`,
    [id, hourBefore(0), jobs, instant, responseUs],
  );
}

const earn = (id: number, day: string, perUnitWei: number) =>
  run(
    `INSERT INTO earning_day (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
     VALUES ($1, $2, '', '', 40, 1000, $3, 0)`,
    [id, day, perUnitWei * 1_000],
  );

describe('the sentinel, about remote workers', () => {
  it('is silent about a healthy pool with fast and slow hardware, prices that move, and a shared home', async () => {
    await aHealthyPool();
    await look();
    expect(await openCodes()).toEqual([]);
  });

  it('names who did more than others ever do, from enough jobs on, and ends with the hours', async () => {
    const [id = 0] = await aHealthyPool();
    const speed = (jobs: number, responseUs: number) =>
      run(
        `UPDATE worker_hour SET jobs = $2::int, instant_jobs = 0, timed_units = $2::int * 100000000::numeric, response_us = $3
          WHERE remote_worker_id = $1`,
        [id, jobs, responseUs],
      );
    await speed(19, 19 * 20_000);
    await look();
    expect(await openCodes(), 'too few jobs').toEqual([]);
    await speed(20, 20 * 20_000);
    await look();
    const [fast] = await open();
    expect(fast).toMatchObject({ code: 'WORK_TOO_FAST', figures: { unitsPerSecond: 5e9 } });
    expect(fast?.words).toContain(`the transcode worker of ${addressOf(1)} in us-west`);
    expect(fast?.words).toMatch(/\d\d times as many as is usual for this work: ask its owner/);
    await look(2 * HOUR);
    expect(await openCodes()).not.toContain('WORK_TOO_FAST');
  });

  it('needs no others to know that no GPU transcodes so many pixels', async () => {
    const id = await addWorker(world.db, { payee: addressOf(1) });
    await hour(id, { jobs: 20, instant: 0, responseUs: 20 * 4_900 });
    await look();
    expect(await open()).toMatchObject([
      { code: 'WORK_TOO_FAST', words: expect.stringContaining('more pixels than any known GPU') },
    ]);
  });

  it('names jobs that took no time', async () => {
    const [id] = await aHealthyPool();
    await run('UPDATE worker_hour SET instant_jobs = 19 WHERE remote_worker_id = $1', [id]);
    await look();
    expect(await openCodes()).toEqual([]);
    await run('UPDATE worker_hour SET instant_jobs = 20 WHERE remote_worker_id = $1', [id]);
    await look();
    expect(await open()).toMatchObject([
      { code: 'JOBS_WITHOUT_TIME', figures: { jobs: 40, instantJobs: 20 } },
    ]);
  });

  it('names whose work became dearer, unless that of all did', async () => {
    const [id] = await aHealthyPool();
    const dearer = (times: number, which: string) =>
      run(`UPDATE earning_day SET gross_wei = 1000000 * ${times} WHERE day = $1 AND ${which}`, [
        dayBefore(0),
      ]);
    await dearer(2, `remote_worker_id = ${id}`);
    await look();
    expect(await openCodes(), 'less than the factor').toEqual([]);
    await dearer(6, `remote_worker_id = ${id}`);
    await look();
    const [dear] = await open();
    expect(dear).toMatchObject({ code: 'WORKER_FEES_JUMP', figures: { jobs: 40 } });
    expect(dear?.words).toContain('6 times as much as others get for this work');
    await dearer(6, 'true');
    await look();
    expect(await openCodes(), 'everybody').toEqual([]);
  });

  it('names many payees on one connection, without the address of the machine in the words', async () => {
    await aHealthyPool();
    const share = (payees: number) =>
      run(
        `UPDATE connection SET connection = '192.0.2.9:' || remote_worker_id WHERE changed_seq <= $1`,
        [payees],
      );
    await share(5);
    await look();
    expect(await openCodes()).toEqual([]);
    await share(7);
    await look();
    const [shared] = await open();
    expect(shared).toMatchObject({ code: 'CONNECTION_SHARED', figures: { payees: 7 } });
    expect(shared?.words).toContain('workers of 7 payees');
    expect(shared?.words).toMatch(/0x[0-9a-f]{40} and 2 more/);
    expect(shared?.words).not.toContain('192.0.2.9');
  });
});
