/** The payees of the storm, and the fees that they keep earning. */
import type pg from 'pg';
import type { Address } from '../../core/base/address.js';
import type { Random } from '../../dev/kit/random.js';
import type { LocalChain } from '../../dev/stack/chain-node.js';
import { CONTRACTS, deploy } from '../harness/money.js';

export interface PayeeCast {
  readonly all: readonly Address[];
  readonly refusing: Address;
  readonly burning: Address;
  /** A contract wallet, which accepts money for more than 21000 gas. */
  readonly accepting: Address;
  /** Plain addresses. */
  readonly plain: readonly Address[];
}

export async function castPayees(chain: LocalChain, random: Random): Promise<PayeeCast> {
  const refusing = await deploy(chain, CONTRACTS.refusing);
  const burning = await deploy(chain, CONTRACTS.burning);
  const accepting = await deploy(chain, CONTRACTS.accepting);
  const plain = plainPayees(random.int(27, 45), random);
  return {
    refusing,
    burning,
    accepting,
    plain,
    all: [refusing, burning, accepting, ...plain],
  };
}

export interface Credit {
  readonly payee: Address;
  readonly amountWei: bigint;
}

/** Draws odd amounts, so that a lost wei shows. They are far above the cost of gas. */
export function drawCredits(payees: readonly Address[], random: Random): readonly Credit[] {
  return payees.map((payee) => ({
    payee,
    amountWei:
      BigInt(random.int(2_000_000, 19_999_999)) * 1_000_000_007n + BigInt(random.int(1, 999)),
  }));
}

export function plainPayees(count: number, random: Random): readonly Address[] {
  return Array.from({ length: count }, () => `0x${random.hex(20)}` satisfies Address);
}

/**
 * Earned fees, booked in one transaction under a name of their own: booked again after an answer that
 * got lost, they count once.
 */
export async function bookCredits(
  pool: pg.Pool,
  credits: readonly Credit[],
  name: string,
): Promise<void> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    for (const { payee, amountWei } of credits) {
      await client.query('INSERT INTO payee (address) VALUES ($1) ON CONFLICT DO NOTHING', [payee]);
      const worker = await client.query<{ id: string }>(
        `INSERT INTO remote_worker (payee, node_type, region) VALUES ($1, 'ai', 'chaos')
         ON CONFLICT (payee, node_type, region) DO UPDATE SET jobs = remote_worker.jobs RETURNING id`,
        [payee],
      );
      await client.query(
        `WITH made AS (INSERT INTO posting (kind, reference) VALUES ('adjust', $1)
                       ON CONFLICT DO NOTHING RETURNING id)
         INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
         SELECT id, account, worker, amount FROM made, (VALUES
           ('pending', $2::bigint, $3::numeric),
           ('adjustment', 0, -$3::numeric)) AS entry (account, worker, amount)`,
        [`${name} ${payee}`, worker.rows[0]?.id, amountWei.toString()],
      );
    }
    await client.query('COMMIT');
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    client.release(failure);
  }
}
