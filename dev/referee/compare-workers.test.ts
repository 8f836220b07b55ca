import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHttpServer } from '../kit/http-server.js';
import { appendJournal, type Truth } from '../simulator/simulator-journal.js';
import { compareWorkers } from './compare-workers.js';

const ALICE = `0x${'a1'.repeat(20)}`;
const BOB = `0x${'b0'.repeat(20)}`;

test('a worker is online while one connection of either orchestrator is open, and a wrong word is found', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-compare-workers-'));
  const journal = (sourceId: string, truths: readonly Truth[]) => {
    const path = join(dir, sourceId);
    appendJournal(
      path,
      truths.map((truth, id) => ({ kind: 'event', db: 0, id, dt: '', raw: '', truth })),
    );
    return { sourceId, path, nodeType: 'ai', region: 'eu' } as const;
  };
  const up = (worker: string, connection: string) =>
    ({ type: 'worker-connected', worker, connection }) as const;
  const down = (worker: string, connection: string) =>
    ({ type: 'worker-disconnected', worker, connection }) as const;
  const journals = [
    journal('one', [up(ALICE, 'a:1'), up(ALICE, 'a:2'), down(ALICE, 'a:1'), up(BOB, 'b:1')]),
    journal('two', [up(BOB, 'b:2'), { type: 'orchestrator-reset' }]),
  ];
  let rows: readonly object[] = [];
  const api = await startHttpServer((_, response) => response.end(JSON.stringify(rows)));
  const { url } = api;
  const row = (ethAddress: string, is_connected: boolean) => ({
    ethAddress,
    is_connected,
    nodeType: 'ai',
  });

  rows = [row(ALICE, true), row(BOB, true)];
  expect(await compareWorkers(journals, url)).toEqual([]);
  rows = [row(ALICE, false)];
  expect(await compareWorkers(journals, url)).toEqual([
    `${ALICE} ai is online, the API says offline`,
    `${BOB} ai is online, the API says not there`,
  ]);
  await api.stop();
  rmSync(dir, { recursive: true });
});
