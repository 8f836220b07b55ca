import type { IncomingMessage, ServerResponse } from 'node:http';
import { elementText, goTime, sqliteTime } from '../kit/event-element.js';
import { startHttpServer } from '../kit/http-server.js';
import { freePort } from '../kit/ports.js';
import { appendJournal, type EventLine, reopenJournal, type Truth } from './simulator-journal.js';

/** What happened in the orchestrator, before its database gave it an id and a time. */
export interface Happening {
  readonly atMs: number;
  /** The text of the `Payload` string. */
  readonly payload: string;
  readonly version?: number;
  readonly truth: Truth;
  /** Another text in the place of the whole element, for broken ones. */
  readonly broken?: (row: { readonly id: number; readonly dt: string }) => string;
}

/** A simulated orchestrator: its event table in memory, its journal on disk, its HTTP answer. */
export interface Orchestrator {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Rows emitted since the journal began, over all wipes. */
  emitted(): number;
  /** The highest number given to a job so far. */
  lastJob(): number;
  /** Answers given so far. */
  answers(): number;
  insert(happenings: readonly Happening[]): void;
  /** Whether two answers were finished since the last insert, so that a reader has had two chances to see all rows. */
  servedTwice(): boolean;
  /** A fresh datadir: the table is empty and ids start at 1 again. */
  wipe(): void;
  /** HTTP is gone for a while, as in a restart. */
  goDown(forMs: number): Promise<void>;
  /** Called right after an answer. Whatever is inserted then has the same second as the answer. */
  onAnswer(listener: () => void): void;
  stop(): Promise<void>;
}

export interface OrchestratorOptions {
  readonly name: string;
  readonly journalPath: string;
  readonly port?: number;
}

interface Table {
  db: number;
  nextId: number;
  emitted: number;
  lastJob: number;
  rows: { readonly dt: string; readonly raw: string }[];
  /** Answers that began after the last insert and were finished. */
  answersSinceInsert: number;
  inserts: number;
}

/** Starts answering `GET /pool/events` on loopback, from the journal's end. */
export async function startOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
  const port = await freePort(options.port);
  const table = restore(options.journalPath);
  const listeners: (() => void)[] = [];
  let answers = 0;
  const answering = (request: IncomingMessage, response: ServerResponse) => {
    const insertsBefore = table.inserts;
    answer(table, new URL(request.url ?? '/', 'http://localhost'), response);
    response.once('finish', () => {
      answers += 1;
      if (table.inserts === insertsBefore) table.answersSinceInsert += 1;
      for (const listener of listeners) listener();
    });
  };
  const server = await startHttpServer(answering, { port, keepAliveMs: 1_000 });
  return {
    name: options.name,
    url: server.url,
    port,
    emitted: () => table.emitted,
    lastJob: () => table.lastJob,
    answers: () => answers,
    insert: (happenings) => insert(table, options.journalPath, happenings),
    servedTwice: () => table.answersSinceInsert >= 2,
    wipe() {
      Object.assign(table, { db: table.db + 1, nextId: 1, rows: [] });
      appendJournal(options.journalPath, [{ kind: 'wipe', db: table.db }]);
    },
    async goDown(forMs) {
      await server.stop();
      await new Promise((resolve) => setTimeout(resolve, forMs));
      await server.restart();
    },
    onAnswer: (listener) => void listeners.push(listener),
    stop: () => server.stop(),
  };
}

function restore(journalPath: string): Table {
  const lines = reopenJournal(journalPath);
  const db = lines.at(-1)?.db ?? 0;
  const events = lines.filter((line): line is EventLine => line.kind === 'event');
  const rows = events.filter((line) => line.db === db);
  return {
    db,
    nextId: (rows.at(-1)?.id ?? 0) + 1,
    emitted: events.length,
    lastJob: latestJob(events, 0),
    rows: rows.map(({ dt, raw }) => ({ dt, raw })),
    answersSinceInsert: 0,
    inserts: 0,
  };
}

function latestJob(lines: readonly EventLine[], known: number): number {
  return lines.reduce((last, line) => Math.max(last, line.truth.job ?? 0), known);
}

function insert(table: Table, journalPath: string, happenings: readonly Happening[]): void {
  const lines = happenings.map((happening): EventLine => {
    const id = table.nextId;
    table.nextId += 1;
    const dt = sqliteTime(happening.atMs);
    const { payload, version = 1, truth } = happening;
    const raw =
      happening.broken?.({ id, dt }) ?? elementText({ id, dt: goTime(dt), payload, version });
    return { kind: 'event', db: table.db, id, dt, raw, truth };
  });
  if (lines.length === 0) return;
  // First on disk, then visible: what was served is never forgotten.
  appendJournal(journalPath, lines);
  for (const { dt, raw } of lines) table.rows.push({ dt, raw });
  table.emitted += lines.length;
  table.lastJob = latestJob(lines, table.lastJob);
  table.inserts += 1;
  table.answersSinceInsert = 0;
}

function answer(table: Table, url: URL, response: ServerResponse): void {
  if (url.pathname !== '/pool/events') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
    return;
  }
  const asked = url.searchParams.get('lastCheckTime') ?? '';
  const since = asked === '' ? '' : boundText(asked);
  if (since === undefined) {
    response
      .writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Invalid lastCheckTime format. Use RFC3339 format.\n');
    return;
  }
  const found = table.rows.filter((row) => row.dt > since).map((row) => row.raw);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(found.length === 0 ? 'null\n' : `[${found.join(',')}]\n`);
}

const RFC3339 =
  /^(\d{4}-\d\d-\d\d)T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * The time as Go's SQLite driver binds it: the clock of its own zone, then the zone. As text, a zone
 * east of UTC is hours ahead of every row.
 */
function boundText(asked: string): string | undefined {
  const [, date, time, fraction = '', zone] = RFC3339.exec(asked) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(asked))) return undefined;
  const trimmed = fraction.replace(/\.?0+$/, '');
  return `${date} ${time}${trimmed}${zone === 'Z' ? '+00:00' : zone}`;
}
