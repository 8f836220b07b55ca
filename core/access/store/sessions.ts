/**
 * Browsers that are signed in on the operator's pages. The browser has a random secret; Postgres has its digest. Each
 * request asks Postgres, so a session ends at once when it is ended, and when its token is revoked or its time is over.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { and, desc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import type { Role } from '../rules/roles.js';
import { SESSION_IDLE_MS, SESSION_LONGEST_MS } from '../rules/session-limits.js';
import { apiToken, operatorSession } from './tables.js';
import { digestOf } from './tokens.js';

/** A session, without what would let anybody use it. */
export interface SessionRecord {
  readonly id: string;
  /** The name of its token; null when it stands for the configured one. */
  readonly tokenName: string | null;
  readonly createdAt: Date;
  readonly seenAt: Date;
  readonly endsAt: Date;
}

/** A session that is accepted now. */
export interface LiveSession extends SessionRecord {
  /** The role of its token; null when it stands for the configured one. */
  readonly role: Role | null;
}

/** The token that a session stands for: one of the database by its id, or the text of the configured one. */
export type SessionToken = { readonly tokenId: string } | { readonly configured: string };

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;
/** The time of the last request is written at most this often, so that reading pages hardly writes. */
const NOTE_SEEN_EVERY_MS = 60_000;

/** One token has at most this many sessions; signing in once more ends the one that began first. */
const MOST_OF_A_TOKEN = 20;
/** A session is forgotten this many ms after its end: until then its row tells who signed in, and when. */
const KEPT_MS = 90 * 24 * 3_600_000;
/** Of a token that signs in again and again, at most this many sessions are kept. */
const MOST_KEPT = 1_000;

const ago = (ms: number): SQL => sql`now() - ${ms} * interval '1 millisecond'`;

const isLive = and(
  isNull(operatorSession.endedAt),
  gt(operatorSession.endsAt, sql`now()`),
  gt(operatorSession.seenAt, ago(SESSION_IDLE_MS)),
  or(
    isNull(operatorSession.tokenId),
    and(
      isNull(apiToken.revokedAt),
      or(isNull(apiToken.expiresAt), gt(apiToken.expiresAt, sql`now()`)),
    ),
  ),
);

const RECORD = {
  id: operatorSession.id,
  tokenName: apiToken.name,
  createdAt: operatorSession.createdAt,
  seenAt: operatorSession.seenAt,
  endsAt: operatorSession.endsAt,
};

/** Signs a browser in, and returns the secret for its cookie: afterwards nobody can read it again. */
export async function openSession(
  db: Database,
  token: SessionToken,
): Promise<{ readonly secret: string; readonly id: string }> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const id = randomUUID();
  const standsFor =
    'tokenId' in token
      ? { tokenId: token.tokenId, seal: null }
      : { tokenId: null, seal: sealOf(secret, token.configured) };
  await transact(db, async (tx) => {
    const endsAt = sql`now() + ${SESSION_LONGEST_MS} * interval '1 millisecond'`;
    await tx.insert(operatorSession).values({ id, ...standsFor, digest: digestOf(secret), endsAt });
    await endOldest(tx, standsFor.tokenId);
  });
  return { secret, id };
}

/** Ends the first sessions of a token that has more than one browser may need. */
async function endOldest(tx: Reader, token: string | null): Promise<void> {
  const { id, tokenId, createdAt, endedAt } = operatorSession;
  const tooMany = tx
    .select({ id })
    .from(operatorSession)
    .leftJoin(apiToken, eq(apiToken.id, tokenId))
    .where(and(token === null ? isNull(tokenId) : eq(tokenId, token), isLive))
    .orderBy(desc(createdAt), desc(id))
    .offset(MOST_OF_A_TOKEN);
  await tx
    .update(operatorSession)
    .set({ endedAt: sql`now()` })
    .where(and(inArray(id, tooMany), isNull(endedAt)));
}

/** Forgets sessions that ended long ago, and those of a token that has more than anybody will look at. */
export async function forgetEndedSessions(db: Reader): Promise<void> {
  await db.execute(sql`
    DELETE FROM operator_session WHERE id IN (
      SELECT id FROM (
        SELECT id, least(ended_at, ends_at) AS over_at,
               row_number() OVER (PARTITION BY token_id ORDER BY created_at DESC, id DESC) AS place
          FROM operator_session) s
       WHERE over_at < ${ago(KEPT_MS)} OR (place > ${MOST_KEPT} AND over_at < now()))`);
}

/**
 * Finds the session of this secret; undefined when it is not accepted: it has ended, its token has, or another token is
 * configured by now.
 */
export async function findSession(
  db: Reader,
  secret: string,
  configured: string | null,
): Promise<LiveSession | undefined> {
  if (!SECRET.test(secret)) return undefined;
  const { seal, digest } = operatorSession;
  const [found] = await db
    .select({ ...RECORD, role: apiToken.role, seal })
    .from(operatorSession)
    .leftJoin(apiToken, eq(apiToken.id, operatorSession.tokenId))
    .where(and(eq(digest, digestOf(secret)), isLive));
  if (found === undefined) return undefined;
  const { seal: kept, ...session } = found;
  if (kept !== null) {
    if (configured === null || !timingSafeEqual(kept, sealOf(secret, configured))) return undefined;
  }
  await noteSeen(db, session.id);
  return session;
}

/** Makes the time of the last request known, which keeps the session from ending as idle. */
async function noteSeen(db: Reader, id: string): Promise<void> {
  const { seenAt, endedAt } = operatorSession;
  await db.execute(sql`
    UPDATE operator_session SET seen_at = now()
     WHERE id = ${id} AND ${seenAt} < ${ago(NOTE_SEEN_EVERY_MS)} AND ${endedAt} IS NULL`);
}

/** Lists the sessions that are accepted now, the newest first. */
export async function listSessions(db: Reader): Promise<readonly SessionRecord[]> {
  return db
    .select(RECORD)
    .from(operatorSession)
    .leftJoin(apiToken, eq(apiToken.id, operatorSession.tokenId))
    .where(isLive)
    .orderBy(desc(operatorSession.createdAt), desc(operatorSession.id));
}

/** A session of any time that is still kept. */
export interface PastSession extends SessionRecord {
  /** Whether it is accepted now. */
  readonly isLive: boolean;
  /** When it was ended before its time; null when it was not. */
  readonly endedAt: Date | null;
}

/** Lists the sessions of the last ninety days, ended ones too, the newest first. */
export async function listPastSessions(db: Reader, limit: number): Promise<readonly PastSession[]> {
  const { createdAt, id, endedAt } = operatorSession;
  return db
    .select({ ...RECORD, isLive: sql<boolean>`coalesce(${isLive}, false)`, endedAt })
    .from(operatorSession)
    .leftJoin(apiToken, eq(apiToken.id, operatorSession.tokenId))
    .orderBy(desc(createdAt), desc(id))
    .limit(limit);
}

/**
 * Ends a session of somebody else, by a decision that the audit log keeps. Throws SESSION_ENDED when there is none of this id,
 * or it has ended before.
 */
export async function endSession(db: Reader, id: string, decision: Decision): Promise<void> {
  await transact(db, async (tx) => {
    if (!(await signOut(tx, id))) {
      throw new PoolError('SESSION_ENDED', 'this session has ended before');
    }
    await recordDecision(tx, { ...decision, action: 'session.end', subject: id });
  });
}

/** Ends the session of a browser that signs out. Returns false when there is none of this id, or it has ended before. */
export async function signOut(db: Reader, id: string): Promise<boolean> {
  const ended = await db
    .update(operatorSession)
    .set({ endedAt: sql`now()` })
    .where(and(sql`${operatorSession.id}::text = ${id}`, isNull(operatorSession.endedAt)))
    .returning({ id: operatorSession.id });
  return ended.length > 0;
}

const sealOf = (secret: string, configured: string): Buffer =>
  createHmac('sha256', secret).update(configured).digest();
