import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { copyField, fromCopyField, isoTime, sqlArray, sqlText } from './copy-text.js';

const NASTY = [
  '',
  'NULL',
  '\\N',
  '\\.',
  "'; DROP TABLE posting; --",
  '{"a":"b\\n"}',
  'a\nb\tc\rd\\e',
  "\\' \\\\ ' \" {},",
  'ä 漢 😀',
  'null\0byte',
];

describe('texts in statements', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  /** Postgres stores everything but NUL and halves of surrogate pairs. */
  const kept = (text: string) => Buffer.from(text.replaceAll('\0', '\uFFFD')).toString();
  const texts = fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' })));

  it('come back from literals and arrays as they went in', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const single = values.map(sqlText).join(', ') || 'NULL';
        const { rows } = await database.db.$client.query(
          `SELECT ARRAY[${single}]::text[] AS literals, ${sqlArray('text', [...values, null])} AS list`,
        );
        const expected = values.map(kept);
        expect(rows[0].literals).toEqual(values.length === 0 ? [null] : expected);
        expect(rows[0].list).toEqual([...expected, null]);
      }),
      { numRuns: 50 },
    );
  });

  it('come back from COPY as they went in', async () => {
    const client = await database.db.$client.connect();
    await client.query('CREATE TEMP TABLE t (a text, b text)');
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        await client.query('TRUNCATE t');
        const lines = values.map((value, i) => `${copyField(String(i))}\t${copyField(value)}\n`);
        await pipeline(
          Readable.from([Buffer.from(lines.join(''))]),
          client.query(copyFrom('COPY t FROM STDIN')),
        );
        const { rows } = await client.query('SELECT b FROM t ORDER BY a::int');
        expect(rows.map(({ b }) => b)).toEqual(values.map(kept));
        for (const value of values) {
          expect(fromCopyField(copyField(value))).toBe(value.replaceAll('\0', '\uFFFD'));
        }
      }),
      { numRuns: 50 },
    );
    client.release(true);
  });
});

describe('times in statements', () => {
  it('are written as Date writes them, but for a fraction of nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -62_135_596_800_000, max: 32_503_680_000_000 }),
        fc.integer({ min: 0, max: 90_000_000 }),
        (timeMs, laterMs) => {
          for (const ms of [timeMs, timeMs + laterMs, Math.floor(timeMs / 1_000) * 1_000]) {
            expect(isoTime(ms)).toBe(new Date(ms).toISOString().replace('.000Z', 'Z'));
          }
        },
      ),
    );
  });
});
