import { getEventListeners } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../dev/kit/ports.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { createLog } from './log.js';
import { untilTemporalAnswers } from './temporal-connection.js';

describe('asking Temporal until it answers', () => {
  let temporal: TestNamespace;
  beforeAll(async () => {
    temporal = await createTestNamespace();
  });
  afterAll(() => temporal.close());

  function options(signal = new AbortController().signal) {
    const lines: string[] = [];
    const log = createLog({ level: 'warn', write: (line) => lines.push(line) });
    const { namespace } = temporal;
    const address = inject('temporalAddress');
    const connection = { tls: null };
    const config = { temporal: { address, namespace, uiUrl: null, retentionMs: 0, connection } };
    return { lines, asking: { config, log, signal } };
  }

  /** Makes a client of a server that does not exist: its calls fail as they do in a start without Temporal. */
  async function withNobody<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const connection = Connection.lazy({
      address: `127.0.0.1:${await freePort()}`,
      interceptors: [],
    });
    try {
      return await use(new Client({ connection, namespace: temporal.namespace }));
    } finally {
      await connection.close();
    }
  }
  const describeWith = (client: Client) => client.schedule.getHandle('nobody').describe();

  it('goes on after a server that did not answer, a deadline and a rival’s schedule', async () => {
    const { lines, asking } = options();
    const failures: (() => Promise<unknown>)[] = [
      () => withNobody(describeWith),
      () =>
        temporal.client.connection.withDeadline(Date.now(), () => describeWith(temporal.client)),
      () => describeWith(temporal.client),
    ];
    const asked = async () => (failures.length > 0 ? failures.shift()?.() : 'answered');
    expect(await untilTemporalAnswers(asking, asked)).toBe('answered');
    expect(lines).toHaveLength(3);
    // Each pause must remove its abort listener, because the signal lives as long as the process.
    expect(getEventListeners(asking.signal, 'abort')).toEqual([]);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ code: 'TEMPORAL_UNREACHABLE' });
  });

  it('goes on after a search attribute that the server does not know yet', async () => {
    const { lines, asking } = options();
    const { client, connection, namespace } = temporal;
    const name = 'LateAttribute';
    const create = () =>
      client.schedule.create({
        scheduleId: 'late',
        spec: { intervals: [{ every: '1d' }] },
        action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
        typedSearchAttributes: [
          { key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value: 'a' },
        ],
      });
    let tries = 0;
    await untilTemporalAnswers(asking, async () => {
      tries += 1;
      if (tries === 2) {
        const searchAttributes = { [name]: 2 };
        await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      }
      return create();
    });
    expect(tries).toBeGreaterThan(1);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        code: 'SEARCH_ATTRIBUTE_MISSING',
        msg: expect.stringMatching(
          /does not know a search attribute yet.*LateAttribute.*trying again/,
        ),
      });
    }
  });

  it('throws what Temporal refuses, and what is no answer of Temporal’s at all', async () => {
    const { lines, asking } = options();
    const refused = () =>
      temporal.client.workflowService.describeNamespace({ namespace: 'another' });
    await expect(untilTemporalAnswers(asking, refused)).rejects.toMatchObject({ code: 5 });
    const broken = () => Promise.reject(new TypeError('a mistake of ours'));
    await expect(untilTemporalAnswers(asking, broken)).rejects.toThrow('a mistake of ours');
    expect(lines).toEqual([]);
  });

  it('gives up when it is told to stop', async () => {
    const stopping = new AbortController();
    const { asking } = options(stopping.signal);
    const asked = untilTemporalAnswers(asking, () => withNobody(describeWith));
    stopping.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });
});
