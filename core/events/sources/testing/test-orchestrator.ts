/** An orchestrator's `/pool/events` for tests: a real HTTP(S) server over a table of rows. */
import { elementText } from '../../../../dev/kit/event-element.js';
import { type Answering, startHttpServer } from '../../../../dev/kit/http-server.js';

export interface TestRow {
  readonly id: number;
  readonly dt: string;
  /** The payload's text; not used when `element` is set. */
  readonly payload?: string;
  /** The text of the whole element, for tests with an element that is not well-formed. */
  readonly element?: string;
}

export interface TestOrchestrator {
  readonly url: string;
  rows: TestRow[];
  /** The `lastCheckTime` of each request, as sent. */
  readonly asked: (string | null)[];
  /** While it is set, it answers the requests instead of the table. */
  answer: Answering | undefined;
  stop(): Promise<void>;
}

export async function startTestOrchestrator(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<TestOrchestrator> {
  const handle: Answering = (request, response) => {
    const url = new URL(request.url ?? '/', 'http://local');
    const since = url.searchParams.get('lastCheckTime');
    orchestrator.asked.push(since);
    if (orchestrator.answer !== undefined) return orchestrator.answer(request, response);
    response.end(answerText(orchestrator.rows, since));
  };
  const server = await startHttpServer(handle, { tls });
  const orchestrator: TestOrchestrator = {
    url: server.url,
    rows: [],
    asked: [],
    answer: undefined,
    stop: () => server.stop(),
  };
  return orchestrator;
}

/**
 * Returns what the fork's handler answers: rows whose `dt` is greater than `lastCheckTime`, compared as texts, or
 * `null` for none.
 */
export function answerText(rows: readonly TestRow[], since: string | null): string {
  const later = rows.filter((row) => since === null || row.dt > since);
  return later.length === 0 ? 'null' : `[${later.map(rowText).join(',')}]\n`;
}

export function rowText({ id, dt, payload = '', element }: TestRow): string {
  return element ?? elementText({ id, dt, payload });
}
