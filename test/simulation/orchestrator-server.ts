/** Serves the orchestrators' `/pool/events` over real HTTP, and injects faults into answers. */
import type { ServerResponse } from 'node:http';
import { type Answering, startHttpServer } from '../../dev/kit/http-server.js';
import type { EventRow, Orchestrator } from './orchestrator.js';
import { PASS_HEADER } from './pass.js';

export type AnswerFault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection breaks after this share of the answer. */
  | { readonly kind: 'broken'; readonly share: number }
  /** The answer ends properly after this share of its text. */
  | { readonly kind: 'endless'; readonly share: number }
  /** Every n-th element appears twice. */
  | { readonly kind: 'twins'; readonly every: number }
  | { readonly kind: 'pieces'; readonly bytes: number };

/** What one answer showed. */
export interface Offer {
  readonly passId: string;
  readonly rows: readonly EventRow[];
  /** Rows that were there too, were not asked for, and have never been shown before. */
  readonly passedOver: readonly EventRow[];
  /** True when the whole answer was sent without a fault. */
  readonly isWhole: boolean;
}

export interface OrchestratorServer {
  /** Returns the endpoint of the source with this id. */
  endpointOf(sourceId: string): string;
  /** Plans a fault for the answer to this pass. */
  arm(passId: string, fault: AnswerFault): void;
  readonly offers: readonly Offer[];
  /** The faults that really hit an answer. */
  readonly struck: ReadonlyMap<AnswerFault['kind'], number>;
  stop(): Promise<void>;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

export async function serveOrchestrators(
  orchestrators: readonly Orchestrator[],
): Promise<OrchestratorServer> {
  const faults = new Map<string, AnswerFault>();
  const struck = new Map<AnswerFault['kind'], number>();
  const offers: Offer[] = [];
  const shownOnce = new Set<EventRow>();

  const answer: Answering = (request, response) => {
    const url = new URL(request.url ?? '/', 'http://local');
    const orchestrator = orchestrators.find((o) => url.pathname === `/${o.sourceId}/pool/events`);
    const since = url.searchParams.get('lastCheckTime');
    if (orchestrator === undefined) return void response.writeHead(404).end();
    if (since !== null && !RFC3339.test(since)) {
      const text = 'Invalid lastCheckTime format. Use RFC3339 format.';
      return void response.writeHead(400).end(text);
    }
    const passId = String(request.headers[PASS_HEADER]);
    const fault = faults.get(passId);
    const rows = orchestrator.rowsAfter(since);
    if (fault !== undefined) struck.set(fault.kind, (struck.get(fault.kind) ?? 0) + 1);
    const isWhole = fault === undefined || fault.kind === 'twins' || fault.kind === 'pieces';
    for (const row of rows) shownOnce.add(row);
    const passedOver = orchestrator.rowsAfter(null).filter((row) => !shownOnce.has(row));
    offers.push({ passId, rows, passedOver, isWhole });
    send(response, rows, fault);
  };

  const server = await startHttpServer(answer);
  return {
    endpointOf: (sourceId) => `${server.url}/${sourceId}`,
    arm: (passId, fault) => void faults.set(passId, fault),
    offers,
    struck,
    stop: () => server.stop(),
  };
}

function send(
  response: ServerResponse,
  rows: readonly EventRow[],
  fault: AnswerFault | undefined,
): void {
  if (fault?.kind === 'status') {
    return void response.writeHead(fault.status).end('<html>the proxy is sorry</html>');
  }
  const isTwin = (i: number) => fault?.kind === 'twins' && i % fault.every === 0;
  const elements = rows.flatMap(({ element }, i) => (isTwin(i) ? [element, element] : [element]));
  const text = Buffer.from(elements.length === 0 ? 'null' : `[${elements.join(',')}]`);
  response.setHeader('content-type', 'application/json');
  if (fault?.kind === 'broken') {
    response.writeHead(200, { 'content-length': text.length });
    response.write(text.subarray(0, cutAt(text, fault.share)), () => response.socket?.destroy());
  } else if (fault?.kind === 'endless') {
    response.end(text.subarray(0, cutAt(text, fault.share)));
  } else if (fault?.kind === 'pieces') {
    for (let i = 0; i < text.length; i += fault.bytes) {
      response.write(text.subarray(i, i + fault.bytes));
    }
    response.end();
  } else {
    response.end(text);
  }
}

function cutAt(text: Buffer, share: number): number {
  return Math.min(text.length - 1, Math.max(1, Math.floor(text.length * share)));
}
