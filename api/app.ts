import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { secureHeaders } from 'hono/secure-headers';
import { foreignText } from '../domain/foreign-text.js';
import { PoolError } from '../domain/pool-error.js';
import { textFault } from '../domain/text.js';
import { statementError } from '../store/statement-error.js';
import { createAccess } from './access.js';
import type { ApiDeps } from './deps.js';
import { toErrorAnswer } from './errors.js';
import { STYLE_HASH } from './page/style.js';
import { compatRoutes } from './routes/compat.js';
import { decisionRoutes } from './routes/decisions.js';
import { eventRoutes } from './routes/events.js';
import { findingRoutes } from './routes/findings.js';
import { healthRoutes } from './routes/health.js';
import { historyRoutes } from './routes/history.js';
import { metricsRoutes } from './routes/metrics.js';
import { payeeRoutes } from './routes/payees.js';
import { payoutRoutes } from './routes/payouts.js';
import { poolRoutes } from './routes/pool.js';
import { reconciliationRoutes } from './routes/reconciliation.js';
import { roundRoutes } from './routes/round.js';
import { sourceRoutes } from './routes/sources.js';
import { statusPageRoutes } from './routes/status-page.js';
import { termsRoutes } from './routes/terms.js';
import { walletRoutes } from './routes/wallet.js';
import { workerRoutes } from './routes/workers.js';
import { countWrongTokens } from './wrong-tokens.js';

const MAX_BODY_BYTES = 16 * 1024;

/** The whole API as a function from requests to answers; `serve.ts` makes it listen. */
export function createApp(deps: ApiDeps): Hono {
  const wrong = countWrongTokens(deps.onWrongTokens ? { onBlocked: deps.onWrongTokens } : {});
  const access = createAccess(deps.config.api, wrong);
  const app = new Hono();
  app.use(securityHeaders());
  // Dashboards elsewhere may read; what a browser must ask leave for beyond that is refused.
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
    // Parts of a path are looked for in the database as they are.
    if (textFault(c.req.path) !== undefined) throw new PoolError('ROUTE_NOT_FOUND', NOTHING_HERE);
    await next();
  });
  app.route('/', statusPageRoutes(deps));
  app.route('/', compatRoutes(deps, access));
  app.route('/', metricsRoutes(deps, wrong));
  app.route('/v1', healthRoutes(deps));
  app.route('/v1', poolRoutes(deps, access));
  app.route('/v1', eventRoutes(deps, access));
  app.route('/v1', decisionRoutes(deps, access));
  app.route('/v1/workers', workerRoutes(deps, access));
  app.route('/v1/payees', payeeRoutes(deps, access));
  app.route('/v1/payouts', payoutRoutes(deps, access));
  app.route('/v1/round', roundRoutes(deps, access));
  app.route('/v1/sources', sourceRoutes(deps, access));
  app.route('/v1/terms', termsRoutes(deps, access));
  app.route('/v1/findings', findingRoutes(deps, access));
  app.route('/v1/wallet', walletRoutes(deps, access));
  app.route('/v1/reconciliation', reconciliationRoutes(deps, access));
  app.route('/v1', historyRoutes(deps, access));
  // Answered, not thrown: what is thrown here cannot become a 405 any more.
  app.notFound((c) => answerOf(c, new PoolError('ROUTE_NOT_FOUND', NOTHING_HERE)));
  app.onError((error, c) => {
    // The path alone: a query may hold what belongs in no log.
    if (toErrorAnswer(error).body.code === 'INTERNAL') {
      reportFault(deps, error, `${c.req.method} ${c.req.path}`);
    }
    return answerOf(c, error);
  });
  return app;
}

const NOTHING_HERE = 'Nothing answers here.';

function answerOf(c: Context, error: unknown, headers: Record<string, string> = {}): Response {
  const { status, body } = toErrorAnswer(error);
  return c.json(body, status, headers);
}

function securityHeaders() {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: [`'sha256-${STYLE_HASH}'`],
      imgSrc: ['data:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    crossOriginResourcePolicy: 'cross-origin',
    // Whether this host speaks TLS is for the proxy in front to say.
    strictTransportSecurity: false,
  });
}

function reportFault(deps: ApiDeps, error: unknown, request: string): void {
  if (deps.onFault === undefined) console.error(request, foreignText(statementError(error)));
  else deps.onFault(error, request);
}
