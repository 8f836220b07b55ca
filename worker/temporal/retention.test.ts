import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createLog } from '../../start/log.js';
import { createTestNamespace, type TestNamespace } from '../../test/harness/namespace.js';
import { registerSearchAttributes } from './register-search-attributes.js';
import { raiseRetention, readRetentionMs } from './retention.js';

const DAY_MS = 86_400_000;

describe('the retention at the start of a worker', () => {
  let space: TestNamespace;
  let warned: string[] = [];
  beforeEach(async () => {
    space = await createTestNamespace();
    warned = [];
  });
  afterEach(() => space.close());

  const log = createLog({ level: 'error' });
  log.warn = (...given: unknown[]) => void warned.push(String(given.at(-1)));
  const wanting = (retentionMs: number) => {
    const { connection, namespace } = space;
    const temporal = { address: inject('temporalAddress'), namespace, retentionMs };
    return { connection, temporal, log };
  };

  it('is raised to what the configuration wants, and takes no search attribute away', async () => {
    await registerSearchAttributes({ ...space, address: 'the test server', log });
    const list = () => {
      const { namespace } = space;
      return space.connection.operatorService.listSearchAttributes({ namespace });
    };
    const before = await list();
    expect(await readRetentionMs(wanting(0))).toBe(3 * DAY_MS);
    await raiseRetention(wanting(7 * DAY_MS));
    expect(await readRetentionMs(wanting(0))).toBe(7 * DAY_MS);
    expect((await list()).customAttributes).toEqual(before.customAttributes);
  });

  it('is never shortened', async () => {
    await raiseRetention(wanting(DAY_MS));
    expect(await readRetentionMs(wanting(0))).toBe(3 * DAY_MS);
    expect(warned).toEqual([]);
  });

  it('is only asked for where a worker may not change the namespace, with the command for who may', async () => {
    const { connection, temporal } = wanting(7 * DAY_MS);
    const { workflowService, operatorService } = connection;
    // Plays Temporal Cloud, which lets a key for workflows change no namespace.
    const refuse = async () => {
      throw Object.assign(new Error('Request unauthorized.'), { code: 7 });
    };
    const service = Object.create(workflowService, { updateNamespace: { value: refuse } });
    const cloud = Object.create(connection, { workflowService: { value: service } });
    expect(cloud.operatorService).toBe(operatorService);
    await raiseRetention({ connection: cloud, temporal, log });
    expect(warned).toEqual([
      expect.stringMatching(
        /keeps closed workflows for 3 d, temporal.retention wants 7 d; .*unauthorized.*`temporal operator namespace update .* --retention 168h`/,
      ),
    ]);
    expect(await readRetentionMs(wanting(0))).toBe(3 * DAY_MS);
  });
});
