import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { birthOf } from '../../core/processes/process-birth.js';
import { startProcess } from '../kit/process.js';
import { claimState } from './stack-record.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-record-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const running = () => join(dir, 'running.json');
const sleeper = () => startProcess({ name: 'sleeper', command: 'sleep', args: ['60'] });
const silent = () => undefined;

test('a state directory that somebody owns is refused with the pid of its owner', async () => {
  const record = await claimState(dir, silent);
  await expect(claimState(dir, silent)).rejects.toThrow(`in use by process ${process.pid}`);
  record.release();
  expect(existsSync(running())).toBe(false);
});

test('what a killed owner left behind is ended, and a stranger with a recorded pid is not', async () => {
  const [leftover, stranger] = [sleeper(), sleeper()];
  const owner = { name: 'owner', pid: process.pid, birth: 'long ago' };
  const processes = [
    { name: 'sleeper', pid: leftover.pid, birth: birthOf(leftover.pid) },
    { name: 'worker', pid: stranger.pid, birth: 'another time' },
  ];
  writeFileSync(running(), JSON.stringify({ owner, processes }));
  const said: string[] = [];
  const record = await claimState(dir, (line) => said.push(line));
  expect(await leftover.ended).toBe('SIGTERM');
  expect(stranger.hasEnded()).toBe(false);
  expect(said).toEqual(['ending what an earlier run left behind: sleeper']);
  record.release();
  await stranger.stop();
});

test('when the owner is killed with -9, its processes end within moments', async () => {
  const script = `
    import { startProcess } from '../kit/process.js';
    import { claimState } from './stack-record.js';
    const record = await claimState(process.argv[1], () => undefined);
    record.watch(startProcess({ name: 'sleeper', command: 'sleep', args: ['60'] }));
    console.log('watching');
    setInterval(() => undefined, 1000);`;
  const owner = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script, dir],
    { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve) => owner.stdout.once('data', resolve));
  const [ward] = (
    JSON.parse(readFileSync(running(), 'utf8')) as { processes: { pid: number; birth: string }[] }
  ).processes;
  expect(birthOf(ward?.pid ?? 0)).toBe(ward?.birth);
  await sleep(300);
  owner.kill('SIGKILL');
  await expect.poll(() => birthOf(ward?.pid ?? 0), { timeout: 5_000 }).toBeUndefined();
});
