/**
 * Browsers that are signed in on the operator's pages. The browser has a random secret; Postgres has its digest. Each
 * request asks Postgres, so a session ends at once when it is ended, and when its token is revoked or its time is over.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { and, desc, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
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
/** A session is forgotten this many ms after its end. The audit log keeps that somebody signed in. */
const KEPT_MS = 24 * 3_600_000;

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
  actor: string,
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
    const reason = 'signed in on the operator’s pages';
    await recordDecision(tx, { actor, action: 'session.open', subject: id, reason });
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

/** Forgets sessions that ended a day ago. */
export async function forgetEndedSessions(db: Reader): Promise<void> {
  const { endsAt, endedAt } = operatorSession;
  await db.delete(operatorSession).where(or(lt(endsAt, ago(KEPT_MS)), lt(endedAt, ago(KEPT_MS))));
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

/** Ends a session. Throws SESSION_ENDED when there is none of this id, or it has ended before. */
export async function endSession(db: Reader, id: string, decision: Decision): Promise<void> {
  await transact(db, async (tx) => {
    const ended = await tx
      .update(operatorSession)
      .set({ endedAt: sql`now()` })
      .where(and(eq(operatorSession.id, id), isNull(operatorSession.endedAt)))
      .returning({ id: operatorSession.id });
    if (ended.length === 0) throw new PoolError('SESSION_ENDED', 'this session has ended before');
    await recordDecision(tx, { ...decision, action: 'session.end', subject: id });
  });
}

const sealOf = (secret: string, configured: string): Buffer =>
  createHmac('sha256', secret).update(configured).digest();
