import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { payloadText } from '../kit/event-element.js';
import { type Happening, type Orchestrator, startOrchestrator } from './simulator.js';
import { castWorkers } from './simulator-cast.js';
import { readJournal } from './simulator-journal.js';
import { fillBacklog, runBounded } from './simulator-run.js';
import { createTraffic } from './simulator-traffic.js';

let dir: string;
let orchestrator: Orchestrator;
const journalPath = () => join(dir, 'ai.ndjson');

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-simulator-'));
  orchestrator = await startOrchestrator({ name: 'ai', journalPath: journalPath() });
});
afterEach(async () => {
  await orchestrator.stop();
  rmSync(dir, { recursive: true });
});

const at = (time: string): Happening => ({
  atMs: Date.parse(time),
  payload: payloadText('job-processed', { fees: 2n ** 70n, requestID: 'ab' }),
  truth: { type: 'job-processed', job: 1, grossWei: String(2n ** 70n) },
});
const ask = async (query = '') => {
  const response = await fetch(`${orchestrator.url}/pool/events${query}`);
  return { status: response.status, text: await response.text() };
};

test('nothing to tell is the literal null', async () => {
  expect(await ask()).toEqual({ status: 200, text: 'null\n' });
});

test('an element has capitalised keys, an indented payload as a string and plain big numbers', async () => {
  orchestrator.insert([at('2025-02-03T04:05:06.789Z')]);
  const { text } = await ask();
  expect(text).toBe(
    '[{"ID":1,"Payload":"{\\n  \\"event_type\\": \\"job-processed\\",\\n  \\"payload\\": {\\n' +
      '    \\"fees\\": 1180591620717411303424,\\n    \\"requestID\\": \\"ab\\"\\n  }\\n}",' +
      '"Version":1,"DT":"2025-02-03T04:05:06Z"}]\n',
  );
});

test('times compare as text: the second of the poll is left out, a zone to the east hides all', async () => {
  orchestrator.insert([at('2025-02-03T04:05:06Z'), at('2025-02-03T04:05:07.9Z')]);
  const ids = async (time: string) => {
    const { text } = await ask(`?lastCheckTime=${encodeURIComponent(time)}`);
    return (JSON.parse(text) as { ID: number }[] | null)?.map((row) => row.ID) ?? null;
  };
  expect(await ids('2025-02-03T04:05:05Z')).toEqual([1, 2]);
  expect(await ids('2025-02-03T04:05:06Z')).toEqual([2]);
  expect(await ids('2025-02-03T04:05:07Z')).toBeNull();
  expect(await ids('2025-02-03T06:05:05+02:00')).toBeNull();
});

test('a time that is not RFC 3339 is refused in plain text', async () => {
  for (const time of ['yesterday', '2025-02-03', '1738555506', '2025-02-03 04:05:06']) {
    expect(await ask(`?lastCheckTime=${encodeURIComponent(time)}`)).toEqual({
      status: 400,
      text: 'Invalid lastCheckTime format. Use RFC3339 format.\n',
    });
  }
});

test('after a restart it goes on from its journal, and after a wipe it counts from 1', async () => {
  orchestrator.insert([at('2025-02-03T04:05:06Z'), at('2025-02-03T04:05:06Z')]);
  const { port } = orchestrator;
  await orchestrator.stop();
  orchestrator = await startOrchestrator({ name: 'ai', journalPath: journalPath(), port });
  orchestrator.insert([at('2025-02-03T04:05:07Z')]);
  expect((JSON.parse((await ask()).text) as { ID: number }[]).map((row) => row.ID)).toEqual([
    1, 2, 3,
  ]);
  orchestrator.wipe();
  orchestrator.insert([at('2025-02-03T04:05:09Z')]);
  expect((JSON.parse((await ask()).text) as { ID: number }[]).map((row) => row.ID)).toEqual([1]);
  expect(orchestrator.emitted()).toBe(4);
});

test('a bounded run emits what was asked for, with every trap, and journals each element', async () => {
  const contracts = { refusing: `0x${'a'.repeat(40)}`, accepting: `0x${'b'.repeat(40)}` };
  const cast = castWorkers(7, contracts);
  const options = { seed: 7, nodeType: 'ai', workers: cast.ai, firstJob: 0, terse: true } as const;
  const run = {
    orchestrator,
    traffic: createTraffic(options),
    nodeType: 'ai',
    signal: new AbortController().signal,
    backlogEvents: 800,
    liveEvents: 600,
    liveMs: 3_000,
    incidents: [
      { at: 0.2, what: 'restart' },
      { at: 0.4, what: 'wipe' },
      { at: 0.6, what: 'huge-job' },
      { at: 0.7, what: 'oddities' },
    ],
  } as const;
  fillBacklog(run);
  const reader = setInterval(() => void ask().catch(() => undefined), 300);
  await runBounded(run);
  clearInterval(reader);
  const lines = readJournal(journalPath());
  const events = lines.filter((line) => line.kind === 'event');
  expect(events.length).toBe(orchestrator.emitted());
  expect(events.length).toBeGreaterThanOrEqual(1_400);
  expect(lines.filter((line) => line.kind === 'wipe')).toHaveLength(1);
  const types = new Set(events.map((line) => line.truth.type));
  for (const type of ['orchestrator-reset', 'worker-disconnected', 'malformed', 'ai-job-sent']) {
    expect(types).toContain(type);
  }
  expect(events.some((line) => BigInt(line.truth.grossWei ?? 0) > 2n ** 63n)).toBe(true);
  expect(events.some((line) => line.truth.grossWei !== undefined && line.truth.worker === '')).toBe(
    true,
  );
  const served = JSON.parse((await ask()).text) as unknown[];
  const db = events.at(-1)?.db;
  expect(served).toHaveLength(events.filter((line) => line.db === db).length);
  expect(readFileSync(journalPath(), 'utf8').endsWith('\n')).toBe(true);
});
