import { describe, expect, it } from 'vitest';
import { modelKey, type PlacedState, preferredLists } from './preferred.js';
import type { GuardMode } from './settings.js';
import type { GuardState } from './states.js';

const payeeOf = (n: number) => `0x${String(n).padStart(40, '0')}` as const;
const workers = [1, 2, 3].map((n) => ({ id: n, payee: payeeOf(n), region: 'eu' }));
const [ANN, BEN, CAT] = [payeeOf(1), payeeOf(2), payeeOf(3)];
const state = (id: number, of: GuardState, success: number | null = null): PlacedState => ({
  remoteWorkerId: id,
  pipeline: 'llm',
  modelId: 'm',
  state: of,
  figures: success === null ? null : { hour: { success: { value: success, samples: 50 } } },
});
const listsOf = (
  states: readonly PlacedState[],
  more: Partial<Parameters<typeof preferredLists>[0]> = {},
) => {
  const mode: GuardMode = 'exclude';
  return preferredLists({ mode, connected: workers, states, overrides: [], ...more });
};
const llm = (lists: ReturnType<typeof listsOf>) => lists.byModel.get(modelKey('llm', 'm'));
const anyWhere = { nodeType: null, region: null, pipeline: null, modelId: null };

describe('the list of preferred workers', () => {
  it('leaves out who is excluded there, and has them for other models', () => {
    const lists = listsOf([state(2, 'excluded')]);
    expect(llm(lists)).toEqual([ANN, CAT]);
    expect(lists.others).toEqual([ANN, BEN, CAT]);
    expect(lists.excluded).toBe(1);
  });

  it('names better workers first: a manager that ranks the real-time ratio ascending asks for the slowest', () => {
    const ratio = (id: number, value: number): PlacedState => ({
      ...state(id, 'good'),
      figures: { day: { realTimeRatio: { value, samples: 50 } } },
    });
    expect(llm(listsOf([ratio(1, 0.7), ratio(2, 4), ratio(3, 1.5)]))).toEqual([BEN, CAT, ANN]);
    const warned = [state(1, 'probation', 1), state(2, 'warned', 1), state(3, 'good', 0.6)];
    expect(llm(listsOf(warned))).toEqual([CAT, BEN, ANN]);
  });

  it('is never empty while somebody is connected, and says where everybody is only for want of others', () => {
    const all = workers.map(({ id }) => state(id, 'excluded'));
    const fallbacksOf = ({ fallbacks, othersFallBack }: ReturnType<typeof listsOf>) =>
      [...fallbacks, othersFallBack] as const;
    expect(llm(listsOf(all))).toEqual([ANN, BEN, CAT]);
    expect(fallbacksOf(listsOf(all))).toEqual([modelKey('llm', 'm'), false]);
    expect(fallbacksOf(listsOf(all.slice(1)))).toEqual([false]);
    expect(llm(listsOf(all, { connected: [] }))).toEqual([]);
    expect(fallbacksOf(listsOf(all, { connected: [] }))).toEqual([false]);
    const out = workers.map(({ id, payee }) => ({
      ...anyWhere,
      id,
      payee,
      state: 'excluded' as const,
    }));
    expect(fallbacksOf(listsOf([], { overrides: out }))).toEqual([true]);
  });

  it('leaves nobody out while the guard is off or only warns', () => {
    expect(llm(listsOf([state(2, 'excluded')], { mode: 'off' }))).toEqual([ANN, BEN, CAT]);
    expect(llm(listsOf([state(2, 'excluded')], { mode: 'warn' }))).toEqual([ANN, CAT, BEN]);
  });

  it('does what an operator says instead of the guard, the last one first', () => {
    const out = { ...anyWhere, id: 1, payee: ANN, state: 'excluded' as const };
    const back = { ...anyWhere, id: 2, payee: ANN, pipeline: 'llm', state: 'good' as const };
    const lists = listsOf([state(2, 'excluded')], { overrides: [out, back] });
    expect([llm(lists), lists.others]).toEqual([
      [ANN, CAT],
      [BEN, CAT],
    ]);
    expect(lists.byModel.get(modelKey('llm', ''))).toEqual([ANN, BEN, CAT]);
  });

  it('has an address once, and has it where one of its workers is not excluded', () => {
    const connected = [...workers, { id: 4, payee: BEN, region: 'us' }];
    expect(llm(listsOf([state(2, 'excluded')], { connected }))).toEqual([ANN, BEN, CAT]);
  });
});
