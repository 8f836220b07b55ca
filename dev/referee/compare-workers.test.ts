import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../core/processes/ports.js';
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
    return { sourceId, path, nodeType: 'ai' } as const;
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
  const api = createServer((_, response) => response.end(JSON.stringify(rows)));
  const port = await freePort();
  await new Promise<void>((resolve) => void api.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${port}`;
  const row = (ethAddress: string, is_connected: boolean) => ({
    ...{ ethAddress, is_connected, nodeType: 'ai' },
  });

  rows = [row(ALICE, true), row(BOB, true)];
  expect(await compareWorkers(journals, url)).toEqual([]);
  rows = [row(ALICE, false)];
  expect(await compareWorkers(journals, url)).toEqual([
    `${ALICE} ai is online, the API says offline`,
    `${BOB} ai is online, the API says not there`,
  ]);
  api.close();
  rmSync(dir, { recursive: true });
});
