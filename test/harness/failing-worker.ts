/** A worker of a bad deploy, and what its metrics say. */
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, inject } from 'vitest';
import { freePort } from '../../dev/kit/ports.js';
import { scriptPath } from '../../dev/kit/script.js';
import { until } from '../../dev/kit/until.js';
import { createLog, installRuntime } from '../../start/log.js';
import { type Scrape, samplesOf } from './promtool.js';

/** Runs a worker that fails in every task of a saga; answers with its metrics from then on. */
export async function failInEveryTask(): Promise<Scrape> {
  const address = `127.0.0.1:${await freePort()}`;
  expect(installRuntime(createLog({ level: 'fatal' }), address)).toBe(true);
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: scriptPath('test/fixtures/failing-saga.ts'),
  });
  const { workflow } = new Client({ connection });
  let metrics = '';
  await worker.runUntil(async () => {
    const saga = await workflow.start('payout', { workflowId: randomUUID(), taskQueue });
    await until('a failed task in the metrics', async () => {
      metrics = await (await fetch(`http://${address}/metrics`)).text();
      return metrics.includes('task_execution_failed{');
    });
    await saga.terminate();
  });
  await connection.close();
  return samplesOf(metrics);
}
