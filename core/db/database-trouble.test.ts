import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { isDatabaseAway, openingFailure } from './database-trouble.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

it.each([
  ['53100', 'DATABASE_FULL', false],
  ['53300', 'DATABASE_UNREACHABLE', true],
  ['25006', 'DATABASE_READ_ONLY', false],
  ['42501', 'DATABASE_FORBIDDEN', false],
  ['3D000', 'DATABASE_REFUSED', false],
])('what Postgres says with %s is told as %s', async (state, code, isAway) => {
  const raise = `DO $$ BEGIN RAISE EXCEPTION 'its words' USING ERRCODE = '${state}'; END $$`;
  const error: unknown = await database.db.$client.query(raise).catch((thrown: unknown) => thrown);
  expect(isDatabaseAway(error)).toBe(isAway);
  expect(openingFailure(error, 'pool')).toMatchObject({
    code,
    message: expect.stringContaining('its words'),
  });
});
