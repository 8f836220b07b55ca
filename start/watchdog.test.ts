import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { Turns } from '../core/processes/turns.js';
import { type LocalProcess, startProcess } from '../dev/kit/process.js';

const FIXTURE = fileURLToPath(new URL('../test/fixtures/stuck-process.ts', import.meta.url));
const started: LocalProcess[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

function start(how: string): LocalProcess {
  const child = startProcess({
    ...{ name: how, command: process.execPath, args: ['--import', 'tsx', FIXTURE, how] },
  });
  started.push(child);
  return child;
}

describe('the watchdog', () => {
  it('ends a process whose event loop is blocked or whose loop makes no progress, says which, and leaves others alone', async () => {
    const [blocked, standing, turning] = ['blocked', 'standing', 'turning'].map(start) as [
      LocalProcess,
      LocalProcess,
      LocalProcess,
    ];
    expect(await blocked.ended).toBe('SIGKILL');
    expect(blocked.tail()).toContain('PROCESS_STUCK');
    expect(blocked.tail()).toContain('the event loop did not turn for 3 s');
    expect(await standing.ended).toBe(1);
    expect(standing.tail()).toMatch(/PROCESS_STUCK.*a loop of a test has work and has not got on/);
    await sleep(2_000);
    expect(turning.hasEnded()).toBe(false);
  }, 60_000);
});

describe('the turns of loops', () => {
  it('count only while a loop has work, and can be reported from within the loop', async () => {
    const turns = new Turns();
    expect(turns.isTurning('sending', 0)).toBe(true);
    const turn = turns.begin('sending', 20);
    await sleep(40);
    expect(turns.isTurning('sending', 20)).toBe(false);
    expect(turns.standing()).toMatchObject([{ name: 'sending' }]);
    turns.turned('sending');
    expect(turns.standing()).toEqual([]);
    await sleep(40);
    turn.end();
    expect(turns.standing()).toEqual([]);
  });
});
