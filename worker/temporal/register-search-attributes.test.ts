import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createLog } from '../../start/log.js';
import { createTestNamespace, type TestNamespace } from '../../test/harness/namespace.js';
import { registerSearchAttributes } from './register-search-attributes.js';

const KEYWORD = 2;
const INT = 3;

describe('search attributes at the start of a worker', () => {
  let temporal: TestNamespace;
  beforeEach(async () => {
    temporal = await createTestNamespace();
  });
  afterEach(() => temporal.close());

  const register = () =>
    registerSearchAttributes({
      ...temporal,
      address: inject('temporalAddress'),
      log: createLog({ level: 'error' }),
    });
  const list = async () => {
    const { namespace } = temporal;
    const listed = await temporal.connection.operatorService.listSearchAttributes({ namespace });
    return listed.customAttributes;
  };

  it('are added when they are missing, with the types of the contract', async () => {
    await register();
    expect(await list()).toMatchObject({ PayoutState: KEYWORD, Nonce: INT, WaitCode: KEYWORD });
    await register();
  });

  it('may be added by two workers at once', async () => {
    await Promise.all([register(), register(), register()]);
    expect(await list()).toMatchObject({ Payee: KEYWORD });
  });

  it('refuse the start when one has another type, with the command that fixes it', async () => {
    const { namespace, connection } = temporal;
    const searchAttributes = { Nonce: KEYWORD };
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    await expect(register()).rejects.toMatchObject({
      code: 'SEARCH_ATTRIBUTE_TYPE',
      message: expect.stringMatching(
        /Nonce is of type Keyword and must be Int: `temporal operator search-attribute remove .*--name Nonce --yes && .*create .*--name Nonce --type Int`/,
      ),
    });
  });
});
