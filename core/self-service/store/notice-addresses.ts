/** Where payees want their notices. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { payeeWish } from './tables.js';

const ADDRESS = {
  payee: payeeWish.payee,
  noticeAddress: (text: string) => text,
  signature: payeeWish.signature,
};

/** Lists the addresses that hold now, each with the signature of its wish. */
export function signedNoticeAddresses(reader: Reader) {
  return rows(
    reader,
    ADDRESS,
    sql`SELECT payee, notice_address AS "noticeAddress", signature
          FROM (SELECT DISTINCT ON (payee) payee, notice_address, signature FROM payee_wish
                 WHERE kind = 'notice-address' ORDER BY payee, nonce DESC) last
         WHERE notice_address IS NOT NULL ORDER BY payee`,
  );
}
