/** Makes, lists and revokes tokens. Only the command line does that: the API's own role in Postgres may not. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { and, asc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import type { Role } from '../rules/roles.js';
import { apiToken } from './tables.js';

/** What is known of a token, without the token. */
export type TokenRecord = Readonly<Omit<typeof apiToken.$inferSelect, 'digest'>>;

export interface TokenRequest extends Decision {
  readonly name: string;
  readonly role: Role;
  /** The time at which it stops being accepted; null for never. */
  readonly expiresAt: Date | null;
}

/** Tokens begin with this, so that scanners for leaked secrets recognize them. */
const PREFIX = 'openpool_';
const SECRET_BYTES = 32;
const NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;

const RECORD = {
  id: apiToken.id,
  name: apiToken.name,
  role: apiToken.role,
  createdAt: apiToken.createdAt,
  expiresAt: apiToken.expiresAt,
  revokedAt: apiToken.revokedAt,
};

/**
 * Makes a token and returns it: afterwards nobody can read it again. Throws API_TOKEN_NAME_TAKEN when a token that is
 * not revoked has this name, and REQUEST_INVALID for a name with other characters than lower case, digits and `._-`.
 */
export async function createToken(
  db: Database,
  request: TokenRequest,
): Promise<{ readonly token: string; readonly record: TokenRecord }> {
  const { name, role, expiresAt, ...decision } = request;
  if (!NAME.test(name)) {
    const message = `a token's name has 1 to 40 of a-z, 0-9, ".", "_" and "-", not ${JSON.stringify(name)}`;
    throw new PoolError('REQUEST_INVALID', message);
  }
  const token = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  const record = await transact(db, async (tx) => {
    const [made] = await tx
      .insert(apiToken)
      .values({ id: randomUUID(), name, role, expiresAt, digest: digestOf(token) })
      .onConflictDoNothing({ target: apiToken.name, where: isNull(apiToken.revokedAt) })
      .returning(RECORD);
    if (made === undefined) {
      throw new PoolError('API_TOKEN_NAME_TAKEN', `there is a token with the name ${name} already`);
    }
    const detail = { role, expiresAt: expiresAt?.toISOString() ?? 'never' };
    await recordDecision(tx, { ...decision, action: 'token.create', subject: name, detail });
    return made;
  });
  return { token, record };
}

/** Revokes the token with this name. Throws API_TOKEN_UNKNOWN when none that is not revoked has it. */
export async function revokeToken(
  db: Database,
  { name, ...decision }: Decision & { readonly name: string },
): Promise<TokenRecord> {
  return transact(db, async (tx) => {
    const [revoked] = await tx
      .update(apiToken)
      .set({ revokedAt: sql`now()` })
      .where(and(eq(apiToken.name, name), isNull(apiToken.revokedAt)))
      .returning(RECORD);
    if (revoked === undefined) {
      throw new PoolError('API_TOKEN_UNKNOWN', `no token has the name ${name}`);
    }
    await recordDecision(tx, { ...decision, action: 'token.revoke', subject: name });
    return revoked;
  });
}

/** Lists all tokens that ever were, the oldest first. */
export async function listTokens(reader: Reader): Promise<readonly TokenRecord[]> {
  return reader.select(RECORD).from(apiToken).orderBy(asc(apiToken.createdAt), asc(apiToken.id));
}

/** Reads the tokens that are accepted now, each by its digest in hex. */
export async function acceptedTokens(reader: Reader): Promise<ReadonlyMap<string, TokenRecord>> {
  const accepted = await reader
    .select({ ...RECORD, digest: apiToken.digest })
    .from(apiToken)
    .where(
      and(
        isNull(apiToken.revokedAt),
        or(isNull(apiToken.expiresAt), gt(apiToken.expiresAt, sql`now()`)),
      ),
    );
  return new Map(accepted.map(({ digest, ...record }) => [digest.toString('hex'), record]));
}

/** A token has 256 random bits, so one round of SHA-256 is enough: nobody can try them all. */
export function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
