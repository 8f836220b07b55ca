/** An orchestrator's `/pool/events` for tests: a real HTTP(S) server over a table of rows. */
import { elementText } from '../../../../dev/kit/event-element.js';
import { type Answering, startHttpServer } from '../../../../dev/kit/http-server.js';

export interface TestRow {
  readonly id: number;
  readonly dt: string;
  /** The payload's text; `element` goes before it. */
  readonly payload?: string;
  /** The whole element's text, when it is to be something odd. */
  readonly element?: string;
}

export interface TestOrchestrator {
  readonly url: string;
  rows: TestRow[];
  /** `lastCheckTime` of each request, as sent. */
  readonly asked: (string | null)[];
  /** Answers instead of the table while it is set. */
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

/** What the fork's handler answers: `dt > lastCheckTime` as texts, `null` for nothing. */
export function answerText(rows: readonly TestRow[], since: string | null): string {
  const later = rows.filter((row) => since === null || row.dt > since);
  return later.length === 0 ? 'null' : `[${later.map(rowText).join(',')}]\n`;
}

export function rowText({ id, dt, payload = '', element }: TestRow): string {
  return element ?? elementText({ id, dt, payload });
}
