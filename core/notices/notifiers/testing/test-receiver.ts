import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { startHttpServer } from '../../../../dev/kit/http-server.js';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestReceiver {
  readonly url: string;
  readonly posted: Posted[];
  /** How it answers; what it refuses is in `posted` too. */
  answer: (response: ServerResponse, posted: Posted) => void;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

/** A receiver of webhooks on loopback, which takes everything. */
export async function startTestReceiver(): Promise<TestReceiver> {
  const posted: Posted[] = [];
  const server = await startHttpServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body };
      posted.push(one);
      receiver.answer(response, one);
    });
  });
  const receiver: TestReceiver = {
    url: server.url,
    posted,
    answer: (response) => response.writeHead(204).end(),
    stop: () => server.stop(),
    restart: () => server.restart(),
  };
  return receiver;
}
