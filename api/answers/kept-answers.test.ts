import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KeptAnswer } from './kept-answer.js';
import { KeptAnswers } from './kept-answers.js';

const KEPT_MS = 1_000;
const paths = Array.from({ length: 200 }, (_, n) => `/v1/payees/${n}`);

describe('answers that were made together', () => {
  /** Answers of this age to all paths; what is made after them is never ready. */
  async function answersOf(ageMs: number) {
    let isStuck = false;
    let made = 0;
    const answers = new KeptAnswers({
      keptMs: KEPT_MS,
      mostBytes: 10_000_000,
      make: (path) => {
        made += 1;
        const begunMs = performance.now() - ageMs;
        return isStuck ? new Promise(() => undefined) : KeptAnswer.of(new Response(path), begunMs);
      },
    });
    for (const path of paths) await answers.get(path);
    isStuck = true;
    made = 0;
    return { answers, made: () => made };
  }

  it('get old at different times', async () => {
    const { answers, made } = await answersOf(0.52 * KEPT_MS);
    for (const path of paths) expect(answers.find(path)).toBeDefined();
    expect(made()).toBeGreaterThan(0);
    expect(made()).toBeLessThan(30);
  });

  it('are made again a few at a time, while readers get what is there', async () => {
    const { answers, made } = await answersOf(KEPT_MS);
    for (const path of paths) expect(answers.find(path)).toBeDefined();
    expect(made()).toBe(30);
  });

  it('are sent by none when they are twice as old as they may be', async () => {
    const { answers } = await answersOf(2 * KEPT_MS);
    await sleep(1);
    expect(answers.find('/v1/payees/7')).toBeUndefined();
  });
});
