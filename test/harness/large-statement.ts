/** Writes the statement of a payee that has earned on many days with many remote workers, and measures that. */
import { statementCsv } from '../../client/statements/statement.js';
import { statementParts } from '../../core/statements/statement.js';
import { createMoneyDatabase, randomAddress } from './money.js';

/** How many lines are written before memory is measured: buffers and code are then in place. */
const WARM_LINES = 20_000;

export async function largeStatement({
  workers,
  days,
}: {
  readonly workers: number;
  readonly days: number;
}): Promise<{
  readonly lines: number;
  readonly seconds: number;
  /** Of this process; Postgres works besides. */
  readonly cpuSeconds: number;
  readonly moreBytes: number;
}> {
  const database = await createMoneyDatabase();
  const payee = randomAddress();
  try {
    // One credit a worker and day; the entries that no statement reads are left out.
    await database.db.$client.query(`
      SET statement_timeout = 0;
      ALTER TABLE ledger_entry DISABLE TRIGGER USER;
      INSERT INTO payee (address) VALUES ('${payee}');
      INSERT INTO remote_worker (payee, node_type, region)
        SELECT '${payee}', 'ai', 'region ' || n FROM generate_series(1, ${workers}) n;
      INSERT INTO posting (kind, source_id, batch, remote_worker_id, terms_id, created_at, first_dt, last_dt)
        SELECT 'jobs', 'a', day, w.id, 1, at, at, at FROM generate_series(1, ${days}) day
          CROSS JOIN LATERAL (SELECT now() - make_interval(days => ${days} - day) AS at) t
          CROSS JOIN remote_worker w WHERE w.payee = '${payee}';
      INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
        SELECT id, 'pending', remote_worker_id, 1000000000 + id FROM posting UNION ALL
        SELECT id, 'commission', 0, 500000000 + id FROM posting;
      INSERT INTO balance (account, remote_worker_id, amount_wei)
        SELECT account, remote_worker_id, sum(amount_wei) FROM ledger_entry WHERE account = 'pending' GROUP BY 1, 2;
      ALTER TABLE ledger_entry ENABLE TRIGGER USER;
      ANALYZE posting, ledger_entry, remote_worker`);
    const period = { from: null, to: null };
    const parts = statementParts(database.db, { payee, period });
    const named = { from: undefined, to: undefined };
    const order = { payee, named, now: new Date(), shown: <T>(line: T) => line };
    const begunMs = performance.now();
    const begun = process.cpuUsage();
    let lines = 0;
    let warmBytes = 0;
    let mostBytes = 0;
    for await (const text of statementCsv(parts, order)) {
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
      const { rss } = process.memoryUsage();
      if (lines < WARM_LINES) warmBytes = rss;
      mostBytes = Math.max(mostBytes, rss);
    }
    const seconds = (performance.now() - begunMs) / 1_000;
    const { user, system } = process.cpuUsage(begun);
    const cpuSeconds = (user + system) / 1e6;
    // Without the header; the last line, with the balance, counts.
    return { lines: lines - 1, seconds, cpuSeconds, moreBytes: mostBytes - warmBytes };
  } finally {
    await database.close();
  }
}
