import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { secureHeaders } from 'hono/secure-headers';
import { toErrorAnswer } from '../client/error-answers.js';
import type { RunningPool } from '../client/running-pool.js';
import { AcceptedTokens } from '../core/access/accepted-tokens.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { textFault } from '../core/base/text.js';
import type { Database } from '../core/db/database.js';
import { statementError } from '../core/db/statement-error.js';
import { type Access, createAccess } from './access.js';
import { metricsRoutes } from './metrics/route.js';
import { STYLE_HASH } from './page/kit/style.js';
import { payeePageRoutes } from './page/payee/payee-page.js';
import { statusPageRoutes } from './page/status-page.js';
import { termsPageRoutes } from './page/terms-page.js';
import { publicAnswers } from './public-answers.js';
import { createReadGate } from './read-gate.js';
import { routesOf } from './request.js';
import { compatRoutes } from './routes/compat.js';
import { findingRoutes } from './routes/findings.js';
import { healthRoutes } from './routes/health.js';
import { payeeRoutes } from './routes/payees.js';
import { payoutRoutes, roundRoutes } from './routes/payouts.js';
import { poolRoutes, termsRoutes } from './routes/pool.js';
import { sourceRoutes } from './routes/sources.js';
import { decisionRoutes, uncountedRoutes } from './routes/uncounted.js';
import { walletRoutes } from './routes/wallet.js';
import type { OnBlocked } from './wrong-tokens.js';

/** Matches paths that name no single payee, payout, source or event. */
const PLAIN = /^\/(v1\/)?[a-z-]*$/;
const MAX_BODY_BYTES = 16 * 1024;

export interface ApiDeps extends RunningPool {
  /** The connections for all reads, while answers are kept. @default db */
  readonly reads?: Database;
  /** For how many ms requests without the token get the same answer again. @default 0: each is made anew */
  readonly answersKeptMs?: number;
  /** How many bytes of memory the kept answers may take. @default 64 MiB */
  readonly mostKeptBytes?: number;
  /** Called with each error that the client sees only as INTERNAL. @default console.error */
  readonly onFault?: (error: unknown, request: string) => void;
  readonly onWrongTokens?: OnBlocked;
}

/** Builds the whole API as a function from requests to answers; `serve.ts` makes it listen. */
export function createApp(deps: ApiDeps): Hono {
  const tokens = new AcceptedTokens(deps.db);
  const access = createAccess(deps.config.api, tokens, deps.onWrongTokens);
  const { answersKeptMs: keptMs = 0, reads = deps.db } = deps;
  if (keptMs === 0) return createRoutes(deps, { access });
  // Reads have their own connections, so that orders, health and readiness never wait for them.
  const readers = { ...deps, db: reads };
  const open = createRoutes(readers, { access, inside: openGates() });
  const trusted = createRoutes(readers, { access, inside: createReadGate() });
  const first = publicAnswers({ access, open, trusted, keptMs, mostBytes: deps.mostKeptBytes });
  return createRoutes(deps, { access, first });
}

/**
 * Makes two read gates for requests without the token, so that the few plain answers, which dashboards poll, never
 * queue behind questions about single objects.
 */
function openGates(): MiddlewareHandler {
  const [plain, particular] = [createReadGate(), createReadGate()];
  return (c, next) => {
    const isPlain = !c.req.url.includes('?') && PLAIN.test(c.req.path);
    return (isPlain ? plain : particular)(c, next);
  };
}

interface Surroundings {
  readonly access: Access;
  /** Middleware that runs before everything else. */
  readonly first?: MiddlewareHandler;
  /** Middleware that runs last before the routes. */
  readonly inside?: MiddlewareHandler;
}

function createRoutes(deps: ApiDeps, { access, first, inside }: Surroundings): Hono {
  const { onFault = printFault } = deps;
  const app = new Hono();
  app.use(access.judging);
  if (first !== undefined) app.use(first);
  app.use(securityHeaders);
  // Dashboards on other hosts may read; browsers block any other request of theirs.
  app.use(cors({ origin: '*', allowMethods: ['GET', 'HEAD'], allowHeaders: ['authorization'] }));
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
    c.header('cache-control', 'no-store');
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
  statusPageRoutes(app, deps);
  payeePageRoutes(app, deps);
  termsPageRoutes(app, deps);
  compatRoutes(app, deps, access);
  metricsRoutes(app, deps, access);
  healthRoutes(app, deps);
  const routes = routesOf(app, access);
  poolRoutes(routes, deps);
  uncountedRoutes(routes, deps);
  decisionRoutes(routes, deps);
  payeeRoutes(routes, deps);
  payoutRoutes(routes, deps);
  roundRoutes(routes, deps);
  sourceRoutes(routes, deps);
  termsRoutes(routes, deps);
  findingRoutes(routes, deps);
  walletRoutes(routes, deps);
  // Returns an answer instead of throwing: an error thrown here could no longer become a 405.
  app.notFound((c) => answerOf(c, new PoolError('ROUTE_NOT_FOUND', NOTHING_HERE)));
  app.onError((error, c) => {
    // Logs only the path, because a query may hold what must not be logged.
    if (toErrorAnswer(error).body.code === 'INTERNAL') {
      onFault(error, `${c.req.method} ${c.req.path}`);
    }
    return answerOf(c, error);
  });
  return app;
}

const NOTHING_HERE = 'Nothing answers here.';

function answerOf(c: Context, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, body } = toErrorAnswer(error);
  const again: Record<string, string> = body.code === 'API_BUSY' ? { 'retry-after': '1' } : {};
  return c.json(body, status, { ...headers, ...again });
}

const securityHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [`'sha256-${STYLE_HASH}'`],
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

function printFault(error: unknown, request: string): void {
  console.error(request, foreignText(statementError(error)));
}
