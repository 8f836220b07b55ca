/** An orchestrator's `/pool/events` for tests: a real HTTP(S) server over a table of rows. */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface TestRow {
  readonly id: number;
  readonly dt: string;
  /** The payload's text; `element` goes before it. */
  readonly payload?: string;
  /** The whole element's text, when it is to be something odd. */
  readonly element?: string;
}

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

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
  const server = tls === undefined ? createHttp(handle) : createHttps(tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const orchestrator: TestOrchestrator = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    rows: [],
    asked: [],
    answer: undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return orchestrator;
}

/** What the fork's handler answers: `dt > lastCheckTime` as texts, `null` for nothing. */
export function answerText(rows: readonly TestRow[], since: string | null): string {
  const later = rows.filter((row) => since === null || row.dt > since);
  return later.length === 0 ? 'null' : `[${later.map(elementText).join(',')}]\n`;
}

export function elementText({ id, dt, payload = '', element }: TestRow): string {
  return element ?? `{"ID":${id},"Payload":${JSON.stringify(payload)},"Version":1,"DT":"${dt}"}`;
}

/** A payload as Go indents it; `fees` and the like may be texts of digits of any length. */
export function payloadText(
  eventType: string,
  fields: Readonly<Record<string, string | number | bigint | null>>,
): string {
  const lines = Object.entries(fields).map(
    ([key, value]) =>
      `    ${JSON.stringify(key)}: ${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  );
  const inner = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `{\n  "event_type": ${JSON.stringify(eventType)},\n  "payload": ${inner}\n}`;
}
