import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { birthOf } from '../core/processes/process-birth.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const END_LIMIT_MS = 12_000;
const TEST_TIMEOUT_MS = 180_000;

interface Demo {
  readonly process: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

interface Running {
  readonly processes: readonly { readonly name: string; readonly pid: number; birth: string }[];
}

let dir: string;
const demos: Demo[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-demo-'));
});
afterEach(async () => {
  for (const demo of demos.splice(0)) {
    demo.process.kill('SIGINT');
    await demo.ended;
  }
  rmSync(dir, { recursive: true, force: true });
});

function startDemo(...flags: string[]): Demo {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'dev/demo/demo.ts', '--dir', dir, ...flags],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      // A bounded day makes its state in the directory for temporary files.
      env: { ...process.env, TMPDIR: dir },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const demo = { process: child, output: () => output, ended };
  demos.push(demo);
  return demo;
}

const shows = (demo: Demo, text: string | RegExp) =>
  expect.poll(demo.output, { timeout: START_TIMEOUT_MS, interval: 100 }).toMatch(text);
const running = (stateDir = dir) =>
  JSON.parse(readFileSync(join(stateDir, 'running.json'), 'utf8')) as Running;
const living = ({ processes }: Running) =>
  processes.filter(({ pid, birth }) => birthOf(pid) === birth).map(({ name }) => name);
const addressOf = (demo: Demo, what: string) =>
  new RegExp(`${what}\\s+(http://\\S+)`).exec(demo.output())?.[1] ?? '';

async function eventsStored(demo: Demo): Promise<number> {
  const answer = await fetch(`${addressOf(demo, 'Pool and API')}/v1/sources`);
  const { sources } = (await answer.json()) as { readonly sources: readonly { events: string }[] };
  return sources.reduce((sum, source) => sum + Number(source.events), 0);
}

async function interrupt(demo: Demo): Promise<number | null> {
  const before = Date.now();
  demo.process.kill('SIGINT');
  const code = await demo.ended;
  expect(Date.now() - before).toBeLessThan(END_LIMIT_MS);
  return code;
}

test(
  'Ctrl-C ends it within seconds with no process left, and a second start goes on',
  async () => {
    const first = startDemo();
    await shows(first, /round .*\n[\s\S]*paid /);
    const record = running();
    expect(living(record).sort()).toEqual(['anvil', 'api', 'postgres', 'temporal', 'worker']);
    const page = await fetch(`${addressOf(first, 'Pool and API')}/`);
    expect(page.status).toBe(200);
    const before = await eventsStored(first);
    expect(before).toBeGreaterThan(0);
    expect(await interrupt(first)).toBe(0);
    expect(living(record)).toEqual([]);

    const second = startDemo();
    await shows(second, /Pool and API/);
    expect(await eventsStored(second)).toBeGreaterThanOrEqual(before);
    await shows(second, /sync .*\n/);
    expect(await interrupt(second)).toBe(0);
  },
  TEST_TIMEOUT_MS,
);

test(
  'a busy port is chosen around, and a state in use is refused',
  async () => {
    const blockers = await Promise.all([8080, 8233, 7935].map(block));
    const demo = startDemo();
    await shows(demo, /Pool and API/);
    expect(addressOf(demo, 'Pool and API')).not.toContain(':8080');
    expect((await fetch(`${addressOf(demo, 'Pool and API')}/status`)).status).toBe(200);
    const rival = startDemo();
    expect(await rival.ended).toBe(1);
    expect(rival.output()).toContain(`in use by process ${demo.process.pid}`);
    await interrupt(demo);
    for (const blocker of blockers) blocker?.close();
  },
  TEST_TIMEOUT_MS,
);

test(
  'killed with -9 it leaves no server behind, and the next start goes on',
  async () => {
    const first = startDemo();
    await shows(first, /sync .*\n/);
    const record = running();
    first.process.kill('SIGKILL');
    await first.ended;
    await expect.poll(() => living(record), { timeout: END_LIMIT_MS }).toEqual([]);
    const second = startDemo();
    await shows(second, /sync .*\n/);
    expect(await interrupt(second)).toBe(0);
  },
  TEST_TIMEOUT_MS,
);

test(
  'Ctrl-C during the start ends it too',
  async () => {
    const demo = startDemo();
    await shows(demo, 'starting the worker');
    const record = running();
    expect(await interrupt(demo)).toBe(0);
    expect(living(record)).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

test(
  'Ctrl-C in a bounded day leaves neither process nor state',
  async () => {
    const demo = startDemo('--once');
    await shows(demo, /sync .*\n/);
    const state = readdirSync(dir).find((name) => name.startsWith('openpool-day-')) ?? '';
    const record = running(join(dir, state));
    expect(living(record)).toHaveLength(5);
    expect(await interrupt(demo)).toBe(130);
    expect(living(record)).toEqual([]);
    expect(readdirSync(dir).filter((name) => name.startsWith('openpool-day-'))).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

/** Takes a port, unless somebody else has it already, which is as good. */
function block(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
