import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  AMOUNT_FIELD_BYTES,
  COPY_END,
  CopyWriter,
  FIXED_FIELD_BYTES,
  FRAME_BYTES,
  textFieldBytes,
} from './copy-binary.js';

/** A row with a value of each type; `part` is the `integer` column. */
interface Row {
  readonly text: string | null;
  readonly part: number | null;
  readonly count: number | null;
  readonly wei: bigint | null;
  readonly ms: number | null;
}

const MAX_WEI = 10n ** 78n - 1n;
/**
 * Amounts around every power of ten: among them are the bounds of the groups of four digits and of the chunks of twelve.
 */
const EDGES = Array.from({ length: 78 }, (_, power) => 10n ** BigInt(power)).flatMap((edge) => [
  ...[edge - 1n, edge, -edge],
]);
/** The largest integers that doubles hold exactly, and the one whose ten-thousandth part is closest to the next integer. */
const LAST_DOUBLES = [2n ** 53n, 2n ** 53n - 1n, (2n ** 53n / 10_000n) * 10_000n - 1n];
const or = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const rows: fc.Arbitrary<Row> = fc.record({
  text: or(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\\N', '\\.', 'a\nb\t\0', 'ä漢😀')),
  ),
  part: or(fc.integer()),
  count: or(fc.maxSafeInteger()),
  wei: or(
    fc.oneof(
      fc.bigInt({ min: -MAX_WEI, max: MAX_WEI }),
      fc.bigInt({ min: 0n, max: 2n ** 54n }),
      fc.constantFrom(...EDGES, ...LAST_DOUBLES),
    ),
  ),
  ms: or(fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(3000, 0, 1) })),
});

describe('rows in binary', () => {
  let database: TestDatabase;
  let client: PoolClient;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = await database.db.$client.connect();
    await client.query(`CREATE TEMP TABLE t (i integer, text text, part integer, count bigint,
      wei numeric(78,0), at timestamptz)`);
  });
  afterAll(async () => {
    client.release(true);
    await database.close();
  });

  it('come back from Postgres as they went in, and take no more bytes than was computed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { maxLength: 40 }), async (values) => {
        await client.query('TRUNCATE t');
        await copyIn(values);
        const stored = await client.query(
          `SELECT text, part, count::text, wei::text, extract(epoch FROM at) * 1000 AS ms
             FROM t ORDER BY i`,
        );
        expect(
          stored.rows.map((row) => ({ ...row, ms: row.ms === null ? null : Number(row.ms) })),
        ).toEqual(
          values.map(({ text, part, count, wei, ms }) => ({
            // Postgres stores everything but NUL and halves of surrogate pairs.
            text: text === null ? null : Buffer.from(text.replaceAll('\0', '\uFFFD')).toString(),
            part,
            count: count === null ? null : count.toString(),
            wei: wei === null ? null : wei.toString(),
            ms,
          })),
        );
      }),
      {
        numRuns: 100,
        examples: [[[...EDGES, ...LAST_DOUBLES].map((wei) => ({ ...NOTHING, wei }))]],
      },
    );
  });

  it('are refused whole when one of them is cut off', async () => {
    const bytes = written([{ ...NOTHING, text: 'whole' }]);
    const cut = bytes.subarray(0, bytes.length - COPY_END.length - 3);
    await expect(send(Buffer.concat([cut, COPY_END]))).rejects.toThrow();
  });

  const NOTHING: Row = { text: null, part: null, count: null, wei: null, ms: null };

  function copyIn(values: readonly Row[]): Promise<void> {
    return send(written(values));
  }

  function written(values: readonly Row[]): Buffer {
    const fixed = 4 * FIXED_FIELD_BYTES + AMOUNT_FIELD_BYTES + 2;
    const room = values.reduce((sum, { text }) => sum + textFieldBytes(text) + fixed, 0);
    const writer = new CopyWriter(Buffer.alloc(room + FRAME_BYTES));
    writer.start();
    for (const [i, { text, part, count, wei, ms }] of values.entries()) {
      writer.row(6);
      writer.int4(i);
      writer.text(text);
      writer.int4(part);
      writer.int8(count);
      writer.numeric(wei);
      writer.time(ms);
    }
    return writer.finish();
  }

  async function send(bytes: Buffer): Promise<void> {
    const sink = client.query(copyFrom('COPY t FROM STDIN (FORMAT binary)'));
    await pipeline(Readable.from([bytes]), sink);
  }
});
