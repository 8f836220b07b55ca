import { createServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeEventSource } from './contract-test.js';
import type { EventSource } from './event-source.js';
import { createEventSource } from './registry.js';
import { selfSigned, type TestCertificate } from './testing/test-certificate.js';
import { startTestOrchestrator, type TestOrchestrator } from './testing/test-orchestrator.js';

let tls: TestCertificate;
let orchestrator: TestOrchestrator;

const known = {
  id: 's',
  kind: 'orchestrator-http',
  module: null,
  baseDir: '/',
  region: 'eu',
  nodeType: 'ai',
} as const;

function sourceWith(options: object): Promise<EventSource> {
  return createEventSource({ ...known, options });
}

async function read(reading: Promise<EventSource>, since: Date | null = null): Promise<string[]> {
  const raws: string[] = [];
  const { signal } = new AbortController();
  for await (const slice of (await reading).read({ since, signal })) {
    raws.push(...slice.map(({ raw }) => raw));
  }
  return raws;
}

beforeAll(() => {
  tls = selfSigned();
});

for (const scheme of ['http', 'https']) {
  describeEventSource(`orchestrator-http over ${scheme}`, async () => {
    const server = await startTestOrchestrator(scheme === 'https' ? tls : undefined);
    const secret = 'hunter2';
    const options = {
      basicAuth: { user: 'me', password: secret },
      ...(scheme === 'https' ? { ca: tls.cert } : {}),
    };
    return {
      source: await sourceWith({ ...options, endpoint: server.url }),
      sameAgain: await sourceWith({ endpoint: `${server.url.toUpperCase()}/pool/events/?x=1#y` }),
      secret,
      async put(events) {
        server.rows = events.map(({ json, dt }) => ({
          ...{ id: 0, dt: `${dt.toISOString().slice(0, 19)}Z`, element: json },
        }));
      },
      async breakDown() {
        server.answer = (_, response) => response.writeHead(503).end('down for maintenance');
      },
      close: () => server.stop(),
    };
  });
}

describe('asking an orchestrator', () => {
  beforeEach(async () => {
    orchestrator = await startTestOrchestrator();
  });
  afterEach(() => orchestrator.stop());

  const answering = (answer: TestOrchestrator['answer'], options: object = {}) => {
    orchestrator.answer = answer;
    return read(sourceWith({ endpoint: orchestrator.url, ...options }));
  };

  it('asks in whole seconds of UTC, with Z, and without a time for everything', async () => {
    const source = sourceWith({ endpoint: orchestrator.url });
    await read(source, new Date('2026-01-02T03:04:05.678+02:00'));
    await read(source);
    expect(orchestrator.asked).toEqual(['2026-01-02T01:04:05Z', null]);
  });

  it('sends basic auth and headers', async () => {
    let headers: Record<string, unknown> = {};
    await answering(
      (request, response) => {
        headers = request.headers;
        response.end('null');
      },
      { basicAuth: { user: 'me', password: 'p:w' }, headers: { 'x-key': 'k' } },
    );
    expect(headers).toMatchObject({
      authorization: `Basic ${Buffer.from('me:p:w').toString('base64')}`,
      'x-key': 'k',
    });
  });

  it.each([
    [400, 'Invalid lastCheckTime format. Use RFC3339 format.', 'EVENT_SOURCE_BAD_REQUEST'],
    [401, '', 'EVENT_SOURCE_UNAUTHORIZED'],
    [403, '', 'EVENT_SOURCE_UNAUTHORIZED'],
    [302, '', 'EVENT_SOURCE_HTTP_STATUS'],
    [500, '<h1>oops</h1>', 'EVENT_SOURCE_HTTP_STATUS'],
    [200, '<!doctype html><html>log in</html>', 'EVENT_SOURCE_NOT_JSON'],
    [200, '{"error":"no"}', 'EVENT_SOURCE_NOT_JSON'],
    [200, '', 'EVENT_SOURCE_NOT_JSON'],
    [200, ' \r\n', 'EVENT_SOURCE_NOT_JSON'],
    [200, '[{"ID":1},', 'EVENT_SOURCE_TRUNCATED'],
  ])('names an answer %i %j', async (status, text, code) => {
    const reading = answering((_, response) => response.writeHead(status).end(text));
    await expect(reading).rejects.toMatchObject({ code });
    if (text.startsWith('Invalid')) await expect(reading).rejects.toThrow(text);
  });

  it('quotes an answer without control sequences, and without the credentials of the request', async () => {
    const basicAuth = { user: 'ann', password: 'hush-0451' };
    const options = { basicAuth, headers: { 'x-key': 'k3y-of-ours' } };
    const error = await answering((request, response) => {
      const { authorization, 'x-key': key } = request.headers;
      response
        .writeHead(400)
        .end(`\u001b[2Jasked with ${authorization} ${key} hush-0451 at http://ann:x@h/k3y`);
    }, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_BAD_REQUEST' });
    expect(String(error)).toMatch(/answered 400: \\x1b\[2Jasked with Basic … … … at h$/);
  });

  it('yields what came before the connection broke', async () => {
    orchestrator.answer = (_, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('[{"ID":1},{"ID":2},{"I', () => setTimeout(() => response.destroy(), 50));
    };
    const raws: string[] = [];
    const reading = async (): Promise<void> => {
      const request = { since: null, signal: new AbortController().signal };
      const source = await sourceWith({ endpoint: orchestrator.url });
      for await (const slice of source.read(request)) {
        raws.push(...slice.map(({ raw }) => raw));
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
    expect(raws).toEqual(['{"ID":1}', '{"ID":2}']);
  });

  it('gives up on an answer that does not come, stalls, or does not end', async () => {
    const silent = answering(() => undefined, { idleTimeout: '100ms' });
    await expect(silent).rejects.toThrow(/not a byte came within 0.1 s \(options.idleTimeout\)/);
    const stalling = answering((_, response) => response.write('[1,'), { idleTimeout: '100ms' });
    await expect(stalling).rejects.toMatchObject({ code: 'EVENT_SOURCE_TIMEOUT' });
    const endless = answering(
      (_, response) => {
        response.write('[1');
        const timer = setInterval(() => response.write(',1'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { totalTimeout: '300ms' },
    );
    await expect(endless).rejects.toThrow(/options.totalTimeout/);
  });

  it('gives up on a connection that is never established', async () => {
    const deaf = createServer();
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const address = deaf.address();
    const port = typeof address === 'object' ? address?.port : 0;
    // The server accepts TCP connections and never answers the TLS handshake.
    const source = sourceWith({ endpoint: `https://127.0.0.1:${port}`, connectTimeout: '200ms' });
    await expect(read(source)).rejects.toThrow(/options.connectTimeout/);
    deaf.close();
    const refused = sourceWith({ endpoint: 'http://127.0.0.1:1' });
    await expect(read(refused)).rejects.toMatchObject({ code: 'EVENT_SOURCE_UNREACHABLE' });
  });

  it('refuses an answer above the size limit', async () => {
    const text = `[${'1,'.repeat(5_000)}1]`;
    const reading = answering((_, response) => response.end(text), { maxAnswer: '4 KiB' });
    await expect(reading).rejects.toMatchObject({ code: 'EVENT_SOURCE_TOO_LARGE' });
  });

  it('runs its time limit only while it waits for the server, not while its reader is busy', async () => {
    orchestrator.answer = (_, response) => response.end(`[${'{"ID":1},'.repeat(60_000)}1]`);
    const source = await sourceWith({ endpoint: orchestrator.url, idleTimeout: '150ms' });
    let count = 0;
    const { signal } = new AbortController();
    for await (const slice of source.read({ since: null, signal })) {
      if (count === 0) await new Promise((resolve) => setTimeout(resolve, 400));
      count += slice.length;
    }
    expect(count).toBe(60_001);
  });
});

describe('TLS', () => {
  beforeEach(async () => {
    orchestrator = await startTestOrchestrator(tls);
  });
  afterEach(() => orchestrator.stop());

  it('is verified unless the options say otherwise', async () => {
    const endpoint = orchestrator.url;
    await expect(read(sourceWith({ endpoint }))).rejects.toMatchObject({
      code: 'EVENT_SOURCE_TLS',
    });
    expect(await read(sourceWith({ endpoint, ca: tls.cert }))).toEqual([]);
    expect(await read(sourceWith({ endpoint, insecure: true }))).toEqual([]);
    const plain = sourceWith({ endpoint: endpoint.replace('https', 'http') });
    await expect(read(plain)).rejects.toMatchObject({ name: 'PoolError' });
  });
});

describe('the options', () => {
  it.each([
    [{}, 'options.endpoint'],
    [{ endpoint: 'ftp://x' }, 'options.endpoint'],
    [{ endpoint: 'http://me:pw@x' }, 'basicAuth'],
    [{ endpoint: 'http://x', idleTimeout: '5' }, 'options.idleTimeout'],
    [{ endpoint: 'http://x', maxAnswer: '1 MB' }, 'options.maxAnswer'],
    [{ endpoint: 'http://x', ca: 'certs/ca.pem' }, 'options.ca'],
    [{ endpoint: 'http://x', insecur: true }, 'insecur'],
  ])('%j are refused with the place', async (options, place) => {
    await expect(sourceWith(options)).rejects.toThrow(place);
    await expect(sourceWith(options)).rejects.toMatchObject({ code: 'EVENT_SOURCE_OPTIONS' });
  });

  it('need region and node type next to them, and a kind that is known', async () => {
    const config = { ...known, region: null, options: { endpoint: 'http://x' } };
    await expect(createEventSource(config)).rejects.toThrow(/region/);
    const pigeon = createEventSource({ ...config, kind: 'pigeon' });
    await expect(pigeon).rejects.toThrow(/orchestrator-http/);
  });
});
