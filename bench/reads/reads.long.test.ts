import { expect, it } from 'vitest';
import { sayToStderr } from '../scratch.js';
import { benchReads } from './reads.js';

interface PageFigures {
  readonly path: string;
  readonly aloneRequestsPerSecond: number;
  readonly duringIngestRequestsPerSecond: number;
  readonly ratio: number;
}

it('the pages are read alone and while events come in', async () => {
  const events = 60_000;
  const figures = await benchReads({
    events,
    payees: 20,
    seconds: 2,
    say: sayToStderr,
  });
  expect(figures).toMatchObject({ events, payees: 20, readers: 4 });
  expect(figures.ingestEventsPerSecond).toBeGreaterThan(0);
  const { workers, payee } = figures as unknown as Record<string, PageFigures>;
  expect(workers?.path).toBe('/workers');
  expect(payee?.path).toMatch(/^\/v1\/payees\/0x[0-9a-f]{40}$/);
  for (const page of [workers, payee]) {
    expect(page?.aloneRequestsPerSecond).toBeGreaterThan(1);
    expect(page?.duringIngestRequestsPerSecond).toBeGreaterThan(1);
    expect(page?.ratio).toBeGreaterThan(0.05);
  }
}, 600_000);
