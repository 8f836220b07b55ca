import { describe, expect, it } from 'vitest';
import { planPass } from './pass-plan.js';

const NOW = new Date('2026-03-10T12:00:00Z');
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGINNING = new Date(0);

describe('the plan of a pass', () => {
  it('asks for everything the first time, or for everything since the start of the source', () => {
    const fresh = {
      cursorDt: null,
      deepFromDt: null,
      deepPassAt: null,
      archivedTo: null,
    };
    expect(planPass(fresh, null, NOW)).toEqual({
      since: null,
      coversFrom: BEGINNING,
      isDeep: true,
    });
    expect(planPass(fresh, ago(HOUR), NOW)).toEqual({
      ...{ since: ago(HOUR + 1_000), coversFrom: ago(HOUR), isDeep: true },
    });
  });

  it('asks from two minutes before the cursor, in whole seconds', () => {
    const progress = {
      cursorDt: ago(HOUR - 700),
      deepFromDt: null,
      deepPassAt: ago(HOUR),
      archivedTo: null,
    };
    const since = ago(HOUR + 120_000);
    expect(planPass(progress, null, NOW)).toEqual({ since, coversFrom: since, isDeep: false });
  });

  it('asks once a day from a week before it last did so, or from what no complete pass has covered', () => {
    const progress = {
      cursorDt: ago(HOUR),
      deepFromDt: null,
      deepPassAt: ago(DAY),
      archivedTo: null,
    };
    expect(planPass(progress, null, NOW)).toMatchObject({ since: ago(8 * DAY), isDeep: true });
    const away = { ...progress, deepPassAt: ago(5 * DAY) };
    expect(planPass(away, null, NOW)).toMatchObject({ since: ago(12 * DAY), isDeep: true });
    const uncovered = { ...progress, deepFromDt: ago(30 * DAY) };
    expect(planPass(uncovered, null, NOW)).toMatchObject({ since: ago(30 * DAY), isDeep: true });
    expect(planPass({ ...uncovered, deepPassAt: ago(HOUR) }, null, NOW).since).toEqual(
      ago(HOUR + 120_000),
    );
    expect(planPass({ ...progress, deepFromDt: BEGINNING }, null, NOW).since).toBeNull();
  });

  it('makes a deep pass although the clock was days ahead at the last one, and then from further back', () => {
    const progress = {
      cursorDt: ago(HOUR),
      deepFromDt: null,
      deepPassAt: ago(-40 * DAY),
      archivedTo: null,
    };
    expect(planPass(progress, null, NOW)).toMatchObject({ since: ago(14 * DAY), isDeep: true });
    const alittle = { ...progress, deepPassAt: ago(-HOUR) };
    expect(planPass(alittle, null, NOW)).toMatchObject({ isDeep: false });
  });

  it('asks from further back when a wrong clock has moved the cursor into the future', () => {
    const progress = {
      ...{ cursorDt: ago(-40 * DAY), deepFromDt: null, deepPassAt: ago(HOUR), archivedTo: null },
    };
    expect(planPass(progress, null, NOW)).toMatchObject({
      ...{ since: ago(7 * DAY + HOUR), isDeep: true },
    });
    const alittle = { ...progress, cursorDt: ago(-60_000) };
    expect(planPass(alittle, null, NOW)).toMatchObject({ since: ago(120_000), isDeep: false });
  });

  it('never asks for what is older than the start of the source', () => {
    const progress = {
      cursorDt: ago(HOUR),
      deepFromDt: BEGINNING,
      deepPassAt: null,
      archivedTo: null,
    };
    expect(planPass(progress, ago(2 * HOUR), NOW)).toEqual({
      ...{ since: ago(2 * HOUR + 1_000), coversFrom: ago(2 * HOUR), isDeep: true },
    });
  });

  it('never asks for what is archived', () => {
    const progress = { cursorDt: ago(HOUR), deepFromDt: BEGINNING, deepPassAt: null };
    const archivedTo = ago(30 * DAY);
    const since = new Date(archivedTo.getTime() - 1_000);
    expect(planPass({ ...progress, archivedTo }, null, NOW).since).toEqual(since);
    expect(planPass({ ...progress, archivedTo }, ago(60 * DAY), NOW).since).toEqual(since);
    const from = ago(7 * DAY);
    expect(planPass({ ...progress, archivedTo }, from, NOW).since).toEqual(
      new Date(from.getTime() - 1_000),
    );
    expect(planPass({ ...progress, deepFromDt: null, archivedTo }, null, NOW).since).toEqual(
      ago(7 * DAY),
    );
  });
});
