/** Tells operators that the ledger contradicts itself, or the chain. */
import type { Transaction } from '../../db/database.js';
import type { NoticeFacts } from '../../notices/rules/notice-kinds.js';
import { writeNotices } from '../../notices/store/outbox.js';
import type { Discrepancy } from '../rules/discrepancies.js';

/** Writes what a check found. `of` names what it looked at: the same discrepancy in it is told once. */
export async function tellDrift(
  tx: Transaction,
  check: NoticeFacts['drift']['check'],
  found: readonly Discrepancy[],
  of: string,
): Promise<void> {
  const [first] = found;
  if (first === undefined) return;
  const { code, message: words } = first;
  const key = `drift/${check}/${of}/${code}/${words}`;
  await writeNotices(tx, [
    { key, kind: 'drift', facts: { check, code, words, count: found.length } },
  ]);
}
