import { describe, expect, it } from 'vitest';
import { createOrchestrator } from './orchestrator.js';

const T0 = Date.parse('2026-03-01T12:00:00.700Z');
const HELLO = { eventType: 'orchestrator-reset', fields: {} };

describe('the model of an orchestrator', () => {
  it('has times of whole seconds and compares them as texts', () => {
    const orchestrator = createOrchestrator('orch');
    orchestrator.write(HELLO, T0);
    orchestrator.write(HELLO, T0 + 500);
    const dts = orchestrator.rowsAfter(null).map(({ dt }) => dt);
    expect(dts).toEqual(['2026-03-01T12:00:00Z', '2026-03-01T12:00:01Z']);
    expect(orchestrator.rowsAfter('2026-03-01T12:00:00Z')).toHaveLength(1);
    expect(orchestrator.rowsAfter('2026-03-01T14:00:00+02:00')).toHaveLength(0);
  });

  it('shows what was committed late only then, with the time at which it was written', () => {
    const orchestrator = createOrchestrator('orch');
    orchestrator.write({ ...HELLO, late: { byMs: 60_000, idFrom: 'writing' } }, T0);
    orchestrator.write({ ...HELLO, late: { byMs: 60_000, idFrom: 'commit' } }, T0);
    orchestrator.write(HELLO, T0 + 5_000);
    orchestrator.advance(T0 + 59_999);
    expect(orchestrator.rowsAfter(null).map(({ id }) => id)).toEqual([2]);
    orchestrator.advance(T0 + 60_000);
    expect(orchestrator.rowsAfter(null).map(({ id, dt }) => `${id} ${dt.slice(-4)}`)).toEqual([
      ...['1 :00Z', '2 :05Z', '3 :00Z'],
    ]);
  });

  it('starts its ids again when its datadir is wiped, and what was not committed is gone', () => {
    const orchestrator = createOrchestrator('orch');
    orchestrator.write(HELLO, T0);
    orchestrator.write({ ...HELLO, late: { byMs: 60_000, idFrom: 'writing' } }, T0);
    orchestrator.wipe();
    orchestrator.write(HELLO, T0 + 9_000);
    orchestrator.advance(T0 + 90_000);
    expect(orchestrator.rowsAfter(null).map(({ id }) => id)).toEqual([1]);
    expect(orchestrator.shown).toHaveLength(2);
  });
});
