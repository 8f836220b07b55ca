/** `openpool wish`: made, signed without a network, and sent. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../api/serve.js';
import type { Address } from '../core/base/address.js';
import { readSettings } from '../core/self-service/store/wishes.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { credit, makeKeystore, PASSPHRASE } from '../test/harness/money.js';
import { poolOf } from '../test/kit/silent-temporal.js';

let database: TestDatabase;
let api: RunningApi;
let dir = '';
let payee: Address;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(poolOf(database.db));
  dir = await mkdtemp(join(tmpdir(), 'wish-'));
  const { json, key } = await makeKeystore();
  payee = key.address.toLowerCase() as Address;
  await credit(database.db, [1n], payee);
  await write('key.json', json);
  await write('passphrase', `${PASSPHRASE}\n`);
});
afterAll(async () => {
  await api.stop();
  await database.close();
  await rm(dir, { recursive: true });
});

const at = (name: string) => join(dir, name);
const write = (name: string, text: string) => writeFile(at(name), text, { mode: 0o600 });
const make = (kind: string, ...more: readonly string[]) =>
  runOpenpool(['wish', 'make', '--pool', api.url, '--payee', payee, '--kind', kind, ...more]);
const sign = (file: string, keystore = 'key.json') =>
  runOpenpool([
    ...['wish', 'sign', at(file), '--keystore', at(keystore)],
    ...['--passphrase-file', at('passphrase')],
  ]);
const send = (file: string) => runOpenpool(['wish', 'send', at(file), '--pool', api.url]);

it('makes a message, signs it with a keystore, and sends it', async () => {
  const made = await make('threshold', '--value', '0.02 ETH', '--valid-for', '7d');
  expect(made.code).toBe(0);
  await write('message.json', made.out);
  const signed = await sign('message.json');
  expect(signed).toMatchObject({ code: 0, err: expect.stringContaining('0.02 ETH is pending') });
  await write('signed.json', signed.out);
  expect(await send('signed.json')).toMatchObject({
    code: 0,
    out: 'taken: Pay me when 0.02 ETH is pending.\n',
  });
  expect((await readSettings(database.db, payee)).thresholdWei).toBe(20_000_000_000_000_000n);
  const again = await send('signed.json');
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('WISH_REPLAYED') });
});

it('signs nothing whose words differ from its value, and nothing of another address', async () => {
  const { out } = await make('nickname', '--value', 'Ann');
  await write('changed.json', out.replace('"nickname": "Ann"', '"nickname": "Bob"'));
  const changed = await sign('changed.json');
  expect(changed).toMatchObject({ code: 2, err: expect.stringContaining('WISH_MALFORMED') });
  await write('message.json', out);
  await write('other.json', (await makeKeystore()).json);
  const other = await sign('message.json', 'other.json');
  expect(other).toMatchObject({ code: 1, err: expect.stringContaining('WISH_NOT_SIGNED') });
});

it('says what is wrong with what it was given', async () => {
  expect((await make('threshold', '--value', '9 ETH')).err).toContain('WISH_OUT_OF_BOUNDS');
  expect((await make('threshold', '--value', '9')).err).toContain('--value 9');
  expect((await make('win')).code).toBe(2);
  await write('text.json', 'no json');
  expect((await send('text.json')).err).toContain('is not JSON');
  await write('empty.json', '{}');
  expect((await send('empty.json')).err).toContain('is no signed message');
  expect((await sign('nowhere.json')).err).toContain('cannot be read');
});
