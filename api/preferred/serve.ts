/**
 * Answers the orchestrator's question for preferred workers. It is asked under the orchestrator's routing lock, so the answer
 * comes out of memory, whatever becomes of Postgres; a loop beside it reads who is preferred.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import { toChecksum } from '../../core/chain/checksums.js';
import { preferredLists } from '../../core/guard/rules/preferred.js';
import { readPreferredBasis } from '../../core/guard/store/preferred-reads.js';
import { cannotListen } from '../../start/checking/listening.js';
import type { Service, ServiceContext } from '../../start/service.js';
import { PreferredAnswers } from './answers.js';

/** Reads in a row that must fail before it is said, and then once for each such row. */
const PATIENCE = 3;
/** An orchestrator asks now and then: its connection stays open between two jobs. */
const KEEP_MS = 120_000;
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const;

type Measures = ReturnType<typeof createMeasures>;

interface PreferredContext extends Pick<ServiceContext, 'config' | 'db' | 'log' | 'signal'> {
  readonly ledger: Pick<ServiceContext['ledger'], 'poolId'>;
}

/** Runs the process's only service. */
export async function servePreferred(context: ServiceContext): Promise<Service> {
  const preferred = await startPreferred(context);
  process.stdout.write(`openpool preferred workers listening on ${preferred.url}\n`);
  return preferred;
}

/** Starts to answer. It listens once there is a first list: until then the orchestrator uses all its workers. */
export async function startPreferred(context: PreferredContext) {
  const { config, signal } = context;
  const { host, port, refreshMs } = config.guard.preferredWorkers;
  const answers = new PreferredAnswers();
  const measures = createMeasures(answers, context.ledger.poolId);
  const stopping = new AbortController();
  const refresh = () => readLists(context, answers, measures);
  for (let tries = 1; !(await refresh().then(() => true, onFailed(context, tries))); tries += 1) {
    await sleep(refreshMs, undefined, { signal });
  }
  const server = createPreferredServer(answers, measures);
  const address = await listen(server, { host, port });
  const isIpv6 = address.family === 'IPv6';
  const done = keepReading({ refresh, refreshMs, context, signal: stopping.signal });
  return {
    url: `http://${isIpv6 ? `[${address.address}]` : address.address}:${address.port}`,
    done,
    async stop(): Promise<void> {
      stopping.abort();
      await done;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readLists(
  { config, db }: PreferredContext,
  answers: PreferredAnswers,
  measures: Measures,
): Promise<void> {
  const basis = await readPreferredBasis(db);
  const lists = preferredLists({ ...basis, mode: config.guard.mode });
  const shown = (list: readonly `0x${string}`[]) => list.map(toChecksum);
  const byModel = new Map([...lists.byModel].map(([key, list]) => [key, shown(list)]));
  answers.set({ ...lists, byModel, others: shown(lists.others) }, Date.now());
  measures.connected.set(basis.connected.length);
  measures.excluded.set(lists.excluded);
  measures.fallbacks.set(lists.fallbacks.size + Number(lists.othersFallBack));
}

const onFailed =
  ({ log }: PreferredContext, tries: number) =>
  (error: unknown): false => {
    const words = 'who is preferred cannot be read: the last list is answered';
    if (tries === PATIENCE) log.warn({ err: error }, words);
    return false;
  };

async function keepReading(options: {
  readonly refresh: () => Promise<void>;
  readonly refreshMs: number;
  readonly context: PreferredContext;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { refresh, refreshMs, context, signal } = options;
  for (let failed = 0; !signal.aborted; ) {
    await sleep(refreshMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const isRead = await refresh().then(() => true, onFailed(context, failed + 1));
    if (isRead && failed >= PATIENCE) context.log.info('who is preferred is read again');
    failed = isRead ? 0 : failed + 1;
  }
}

/** Makes the server. Every request gets a list with status 200; only `/metrics` and `/health` are something else. */
function createPreferredServer(answers: PreferredAnswers, measures: Measures): Server {
  return createServer({ keepAliveTimeout: KEEP_MS }, (incoming, outgoing) => {
    const { url = '/' } = incoming;
    if (url === '/metrics') {
      void measures.registry.metrics().then((text) => outgoing.end(text));
      return;
    }
    if (url === '/health') {
      outgoing.writeHead(200, HEADERS);
      outgoing.end(JSON.stringify({ listAgeMs: answers.ageMs(Date.now()) ?? null }));
      return;
    }
    const { body, fallsBack } = answers.answer(url);
    measures.requests.inc();
    if (fallsBack) measures.fallbackAnswers.inc();
    outgoing.writeHead(200, { ...HEADERS, 'content-length': body.length });
    outgoing.end(body);
  });
}

function createMeasures(answers: PreferredAnswers, pool: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ pool });
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'openpool_preferred_requests_total',
      help: 'How often an orchestrator asked for preferred workers.',
      registers,
    }),
    fallbackAnswers: new Counter({
      name: 'openpool_preferred_fallback_answers_total',
      help: 'How many of the answers named everybody, because all who are connected are excluded.',
      registers,
    }),
    fallbacks: new Gauge({
      name: 'openpool_preferred_fallback_lists',
      help: 'Lists of a pipeline and model that have everybody, because all who are connected are excluded.',
      registers,
    }),
    connected: new Gauge({
      name: 'openpool_preferred_connected_workers',
      help: 'AI workers that are connected.',
      registers,
    }),
    excluded: new Gauge({
      name: 'openpool_preferred_excluded_workers',
      help: 'Connected AI workers that are left out of the list of some pipeline and model.',
      registers,
    }),
    age: new Gauge({
      name: 'openpool_preferred_list_age_seconds',
      help: 'How old the list is that is answered.',
      registers,
      collect() {
        this.set((answers.ageMs(Date.now()) ?? 0) / 1_000);
      },
    }),
  };
}

function listen(
  server: Server,
  place: { readonly host: string; readonly port: number },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, place)));
    server.listen(place.port, place.host, () => {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') resolve(bound);
    });
  });
}
