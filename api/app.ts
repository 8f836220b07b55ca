import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { secureHeaders } from 'hono/secure-headers';
import type { Registry } from 'prom-client';
import { toErrorAnswer } from '../client/error-answers.js';
import type { RunningPool } from '../client/running-pool.js';
import { createWishDesk } from '../client/self-service/wishes.js';
import { AcceptedTokens } from '../core/access/accepted-tokens.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { textFault } from '../core/base/text.js';
import type { Database } from '../core/db/database.js';
import { statementError } from '../core/db/statement-error.js';
import { type Access, createAccess } from './access.js';
import { preflights, publicReads } from './headers/cross-origin.js';
import { requestIdOf, requestIds } from './headers/request-ids.js';
import { LiveHub } from './live/live-hub.js';
import { liveRoutes } from './live/live-route.js';
import { metricsRoutes } from './metrics/route.js';
import { openApiRoutes } from './openapi/route.js';
import { needsRoutes } from './operator/needs.js';
import { operatorRoutes } from './operator/routes.js';
import { OPERATOR_STYLE_HASH } from './operator/style.js';
import { frontPageRoutes } from './page/front/front-page.js';
import { lookHash } from './page/kit/look.js';
import { SCRIPT_HASH } from './page/kit/script.js';
import { STYLE_HASH } from './page/kit/style.js';
import { payeePageRoutes } from './page/payee/payee-page.js';
import { payoutPageRoutes } from './page/payee/payout-page.js';
import { poolPageRoutes } from './page/pool/pool-page.js';
import { termsPageRoutes } from './page/terms-page.js';
import { type AnswerKept, publicAnswers } from './public-answers.js';
import { createReadGate } from './read-gate.js';
import { routesOf } from './request.js';
import { compatRoutes } from './routes/compat.js';
import { dayRoutes } from './routes/earnings/days.js';
import { revenueRoutes } from './routes/earnings/revenue.js';
import { findingRoutes, noticeRoutes } from './routes/findings.js';
import { guardRoutes } from './routes/guard.js';
import { healthRoutes } from './routes/health.js';
import { payeeRoutes } from './routes/payees.js';
import { payoutRoutes } from './routes/payouts.js';
import { poolRoutes, termsRoutes } from './routes/pool.js';
import { roundRoutes } from './routes/rounds.js';
import { sourceRoutes, syncRoutes } from './routes/sources.js';
import { payoutCreditRoutes } from './routes/statements/payout-credits.js';
import { statementRoutes } from './routes/statements/statement.js';
import { decisionRoutes, uncountedRoutes } from './routes/uncounted.js';
import { walletRoutes } from './routes/wallet.js';
import { createWishLimits } from './self-service/limits.js';
import { wishRoutes } from './self-service/routes.js';
import { wishPageRoutes } from './self-service/wishes-page.js';
import type { OnBlocked } from './wrong-tokens.js';

/** Matches paths that name no single payee, payout, source or event. */
const PLAIN = /^\/(v1\/)?[a-z-]*$/;
/** Matches the path of a payee in JSON, whose reads are merged. */
const PAYEE = /^\/v1\/payees\/[^/]+$/;
/** How many reads of payees may wait for the next merged one. */
const MERGED = 100;
const MAX_BODY_BYTES = 16 * 1024;

export interface ApiDeps extends RunningPool {
  /** The connections for all reads, while answers are kept. @default db */
  readonly reads?: Database;
  /**
   * When the answer to a request without the token is this many ms old, the next request has it made again; until it is
   * twice as old it may still be sent. @default 0: each is made anew
   */
  readonly answersKeptMs?: number;
  /** How many bytes of memory the kept answers may take. @default 64 MiB */
  readonly mostKeptBytes?: number;
  /** Called with each error that the client sees only as INTERNAL. @default console.error */
  readonly onFault?: (error: unknown, request: string, requestId: string | undefined) => void;
  readonly onWrongTokens?: OnBlocked;
  /** What this process tells Prometheus of itself. @default nothing */
  readonly processMetrics?: Registry;
}

/** Builds the whole API as a function from requests to answers. */
export const createApp = (deps: ApiDeps): Hono => createApi(deps).app;

/** The whole API: `serve.ts` makes it listen. */
interface Api {
  readonly app: Hono;
  /** Answers at once what needs no work, before the app is asked. */
  readonly answerKept: AnswerKept;
  /** Tells who watches a page that it changed; to be closed at the end. */
  readonly live: LiveHub;
}

export function createApi(deps: ApiDeps): Api {
  const tokens = new AcceptedTokens(deps.db);
  const access = createAccess(deps.config.api, tokens, deps.onWrongTokens);
  const { answersKeptMs: keptMs = 0, reads = deps.db } = deps;
  const live = new LiveHub({ ...deps, db: reads });
  if (keptMs === 0) {
    return { app: createRoutes(deps, { access, live }), answerKept: () => false, live };
  }
  // Reads have their own connections, so that orders, health and readiness never wait for them.
  const readers = { ...deps, db: reads };
  // An answer that was made for many failed for each of them: the log shall have the ids of their requests.
  const faults = new WeakMap<Request, unknown>();
  const keepFault: TellFault = (error, c) => faults.set(c.req.raw, error);
  const inside = openGates();
  const open = createRoutes(readers, {
    access,
    live,
    inside,
    isForMany: true,
    tellFault: keepFault,
  });
  const trusted = createRoutes(readers, { access, live, inside: createReadGate() });
  const { first, answerKept } = publicAnswers({
    access,
    open,
    trusted,
    keptMs,
    mostBytes: deps.mostKeptBytes,
    faultOf: (request) => faults.get(request),
    onFault: faultTeller(deps),
  });
  return { app: createRoutes(deps, { access, live, first }), answerKept, live };
}

/** Called with an error that the client sees only as INTERNAL. */
type TellFault = (error: unknown, c: Context) => void;

/** Logs only the path, because a query may hold what must not be logged. */
const faultTeller =
  ({ onFault = printFault }: ApiDeps): TellFault =>
  (error, c) =>
    onFault(error, `${c.req.method} ${c.req.path}`, requestIdOf(c));

/**
 * Makes the read gates for requests without the token, so that the few plain answers, which dashboards poll, never queue
 * behind questions about single objects. Those about a payee are merged into one read, so many may wait together.
 */
function openGates(): MiddlewareHandler {
  const [plain, payees, particular] = [createReadGate(), createReadGate(MERGED), createReadGate()];
  return (c, next) => {
    const hasQuery = c.req.url.includes('?');
    if (!hasQuery && PLAIN.test(c.req.path)) return plain(c, next);
    return (!hasQuery && PAYEE.test(c.req.path) ? payees : particular)(c, next);
  };
}

interface Surroundings {
  readonly access: Access;
  readonly live: LiveHub;
  /** Middleware that runs before everything else. */
  readonly first?: MiddlewareHandler;
  /** Middleware that runs last before the routes. */
  readonly inside?: MiddlewareHandler;
  /** Whether an answer is sent to many requests, so that it has no request's id. @default false */
  readonly isForMany?: boolean;
  readonly tellFault?: TellFault;
}

function createRoutes(deps: ApiDeps, surroundings: Surroundings): Hono {
  const { access, live, first, inside, isForMany = false } = surroundings;
  const { tellFault = faultTeller(deps) } = surroundings;
  const app = new Hono();
  if (!isForMany) app.use(requestIds);
  app.use(preflights);
  app.use(access.judging);
  app.use(publicReads(access.bringsToken));
  if (first !== undefined) app.use(first);
  app.use(securityHeadersOf(deps));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new PoolError('BODY_TOO_LARGE', 'The body is too large.');
      },
    }),
  );
  app.use(async (c, next) => {
    await next();
    // `c.header` would make the whole response anew, here and in the other middleware that comes after the routes.
    c.res.headers.set('cache-control', 'no-store');
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ');
        const error = new PoolError('METHOD_NOT_ALLOWED', `This path takes ${allow}.`);
        return answerOf(c, error, { allow });
      },
    }),
  );
  app.use(async (c, next) => {
    // Parts of a path are used in database queries unchanged.
    if (textFault(c.req.path) !== undefined) throw new PoolError('ROUTE_NOT_FOUND', NOTHING_HERE);
    await next();
  });
  if (inside !== undefined) app.use(inside);
  frontPageRoutes(app, deps);
  poolPageRoutes(app, deps);
  payeePageRoutes(app, deps);
  const desk = createWishDesk(deps);
  const limits = createWishLimits();
  wishPageRoutes(app, deps, { desk, limits });
  payoutPageRoutes(app, deps);
  termsPageRoutes(app, deps);
  operatorRoutes(app, deps, { access, tellFault, reads: deps.reads ?? deps.db });
  const routes = routesOf(app, access);

  compatRoutes(routes, deps);
  metricsRoutes(routes, deps, access);
  healthRoutes(routes, deps);
  liveRoutes(routes, live);
  poolRoutes(routes, deps);
  uncountedRoutes(routes, deps);
  decisionRoutes(routes, deps);
  payeeRoutes(routes, deps);
  wishRoutes(routes, desk, limits);
  dayRoutes(routes, deps);
  payoutRoutes(routes, deps);
  payoutCreditRoutes(routes, deps);
  statementRoutes(routes, deps);
  roundRoutes(routes, deps);
  sourceRoutes(routes, deps);
  syncRoutes(routes, deps);
  termsRoutes(routes, deps);
  findingRoutes(routes, deps);
  noticeRoutes(routes, deps);
  walletRoutes(routes, deps);
  revenueRoutes(routes, deps);
  guardRoutes(routes, deps);
  needsRoutes(routes, deps);
  openApiRoutes(app, routes, deps);
  // Returns an answer instead of throwing: an error thrown here could no longer become a 405.
  app.notFound((c) => answerOf(c, new PoolError('ROUTE_NOT_FOUND', NOTHING_HERE)));
  app.onError((error, c) => {
    if (toErrorAnswer(error).body.code === 'INTERNAL') tellFault(error, c);
    return answerOf(c, error);
  });
  return app;
}

const NOTHING_HERE = 'Nothing answers here.';

function answerOf(c: Context, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, body } = toErrorAnswer(error);
  const again: Record<string, string> = body.code === 'API_BUSY' ? { 'retry-after': '1' } : {};
  const requestId = requestIdOf(c);
  const shown = requestId === undefined ? body : { ...body, requestId };
  return c.json(shown, status, { ...headers, ...again });
}

/** The style of the pool's own accent is allowed by its hash, as all styles are. */
function securityHeadersOf({ config }: Pick<ApiDeps, 'config'>): MiddlewareHandler {
  const hashes = [STYLE_HASH, OPERATOR_STYLE_HASH, lookHash(config)].filter((one) => one !== null);
  return secureHeaders({
    // Other sites learn of no page; our own forms say where they come from, which they are asked for.
    referrerPolicy: 'same-origin',
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: hashes.map((hash) => `'sha256-${hash}'`),
      scriptSrc: [`'sha256-${SCRIPT_HASH}'`],
      connectSrc: ["'self'"],
      imgSrc: ['data:'],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    crossOriginResourcePolicy: 'cross-origin',
    // Only the proxy in front knows whether this host is served over TLS.
    strictTransportSecurity: false,
  });
}

function printFault(error: unknown, request: string, requestId: string | undefined): void {
  console.error(request, requestId, foreignText(statementError(error)));
}
