import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../../base/address.js';
import { TRANSFER, testSignerContract } from './testing/signer-contract.js';
import { startSignerService, type TestSignerService } from './testing/test-signer-service.js';
import { connectWeb3signer, type Web3signerOptions } from './web3signer.js';

const key = Wallet.createRandom();
const address = key.address.toLowerCase() as Address;
const TIMEOUT_MS = 600;
/** Time-out for tests in which nothing may time out, however busy the machine is. */
const PATIENCE_MS = 20_000;
let service: TestSignerService;

beforeAll(async () => {
  service = await startSignerService({ privateKey: key.privateKey });
});
afterAll(() => service.stop());
afterEach(() => {
  service.answer = undefined;
});

const connect = (changes: Partial<Web3signerOptions> = {}) =>
  connectWeb3signer({ url: service.url, address, timeoutMs: TIMEOUT_MS, ...changes });

testSignerContract('a remote signer', async () => {
  // The service has one chain id of its own, but the contract asks for several.
  service.change = (asked) => ({ ...asked, signedChainId: asked['chainId'] ?? '0x1' });
  return connect({ timeoutMs: PATIENCE_MS });
});

describe('a remote signer', () => {
  it('sends user and password of its URL in a header, and names neither', async () => {
    let sent: string | undefined;
    service.answer = (request, response) => {
      sent = request.headers.authorization;
      response.writeHead(401).end();
      return true;
    };
    const url = service.url.replace('://', '://alice:s3cret%40pw@');
    const error = await connect({ url })
      .sign(TRANSFER)
      .catch((caught: unknown) => caught);
    expect(sent).toBe(`Basic ${Buffer.from('alice:s3cret@pw').toString('base64')}`);
    expect(error).toMatchObject({ code: 'SIGNER_REFUSED' });
    expect(String(error)).not.toMatch(/alice|s3cret/);
  });

  it('asks over a few connections at the same time, and again over the same ones', async () => {
    const slow = await startSignerService({ privateKey: key.privateKey, signingMs: 10 });
    const ports = new Set<number | undefined>();
    slow.answer = (request) => {
      ports.add(request.socket.remotePort);
      return false;
    };
    const signer = connect({ url: slow.url, timeoutMs: PATIENCE_MS });
    await Promise.all(
      Array.from({ length: 100 }, (_, nonce) => signer.sign({ ...TRANSFER, nonce })),
    );
    expect(slow.mostAtOnce()).toBe(16);
    expect(ports.size).toBe(16);
    await slow.stop();
  });

  it('gives up on one that hangs, on all calls after one time-out, and does not ask it again for a while', async () => {
    service.answer = () => true;
    const signer = connect();
    const began = performance.now();
    const calls = Array.from({ length: 100 }, (_, nonce) => signer.sign({ ...TRANSFER, nonce }));
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'SIGNER_UNREACHABLE', final: false },
      });
    }
    expect(performance.now() - began).toBeLessThan(2 * TIMEOUT_MS);
    const again = performance.now();
    await expect(signer.sign(TRANSFER)).rejects.toThrow('longer than wallet.remote.timeout');
    expect(performance.now() - again).toBeLessThan(TIMEOUT_MS / 2);
    service.answer = undefined;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await expect(signer.check?.()).resolves.toBeUndefined();
  });

  it('gives up on an answer that comes byte by byte', async () => {
    service.answer = (_, response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return true;
    };
    await expect(connect().sign(TRANSFER)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' });
  });

  it('says so when nothing listens there', async () => {
    const gone = await startSignerService({ privateKey: key.privateKey });
    await gone.stop();
    const signer = connect({ url: gone.url });
    await expect(signer.check?.()).rejects.toMatchObject({
      code: 'SIGNER_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:\d+ did not answer: .*ECONNREFUSED/),
    });
  });

  it('goes on when a kept connection was closed in the meantime', async () => {
    const first = await startSignerService({ privateKey: key.privateKey });
    const signer = connect({ url: first.url });
    await signer.sign(TRANSFER);
    await first.stop();
    const second = await startSignerService({ privateKey: key.privateKey, port: first.port });
    await expect(signer.sign(TRANSFER)).resolves.toBeDefined();
    await second.stop();
  });

  it.each([
    ['HTML', 200, '<html>sign in</html>', 'SIGNER_UNREACHABLE'],
    ['half an answer', 200, '{"jsonrpc":"2.0","id":', 'SIGNER_UNREACHABLE'],
    [
      "another call's answer",
      200,
      '{"jsonrpc":"2.0","id":-5,"result":"0x02"}',
      'SIGNER_UNREACHABLE',
    ],
    ['a list', 200, '[]', 'SIGNER_UNREACHABLE'],
    ['null', 200, 'null', 'SIGNER_UNREACHABLE'],
    ['too much', 200, 'x'.repeat(1_100_000), 'SIGNER_UNREACHABLE'],
    ['a proxy without a service', 502, 'bad gateway', 'SIGNER_UNREACHABLE'],
    ['no entry', 401, '', 'SIGNER_REFUSED'],
    ['no permission', 403, 'go away', 'SIGNER_REFUSED'],
    [
      'a refusal',
      400,
      '{"id":1,"error":{"code":-32000,"message":"No unlocked"}}',
      'SIGNER_REFUSED',
    ],
    ['a refusal without words', 200, '{"id":1,"error":{}}', 'SIGNER_REFUSED'],
  ])('understands %s', async (_, status, text, code) => {
    service.answer = (__, response) => {
      response.statusCode = status;
      response.end(text);
      return true;
    };
    await expect(connect().sign(TRANSFER)).rejects.toMatchObject({ code });
    await expect(connect().check?.()).rejects.toMatchObject({ code });
  });

  it.each([17, null, [], '', '0x', 'no hex', '0x02c0', `0x${'ff'.repeat(200)}`])(
    'takes %j for no transaction',
    async (result) => {
      service.answer = (_, response, body) => {
        const { id } = JSON.parse(body) as { id: number };
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        return true;
      };
      await expect(connect().sign(TRANSFER)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' });
    },
  );

  it('says so when the service does not hold the key', async () => {
    const other = Wallet.createRandom().address.toLowerCase() as Address;
    const signer = connect({ address: other });
    await expect(signer.check?.()).rejects.toMatchObject({
      code: 'SIGNER_ADDRESS_MISSING',
      final: true,
      message: expect.stringContaining(other),
    });
    await expect(signer.sign(TRANSFER)).rejects.toMatchObject({
      code: 'SIGNER_REFUSED',
      message: expect.stringContaining('No unlocked account matches the Sender'),
    });
  });

  it('shows its token to the service alone', async () => {
    const token = 'hush-hush-0451';
    const signer = connect({ token });
    await signer.check?.();
    expect(service.tokens.at(-1)).toBe(`Bearer ${token}`);
    service.answer = (_, response) => response.socket?.destroy() !== undefined;
    const error = await signer.sign(TRANSFER).catch((thrown: unknown) => thrown);
    expect(inspect([error, signer], { depth: 9, showHidden: true })).not.toContain(token);
  });
});

describe('a remote signer behind mutual TLS', () => {
  let dir: string;
  let secure: TestSignerService;
  const pem: Record<string, string> = {};
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-signer-'));
    const run = (...args: readonly string[]) =>
      execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
    const days = ['-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await writeFile(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1');
    run('req', '-x509', ...days, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem');
    for (const name of ['server', 'client']) {
      run('req', ...days.slice(2), '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', 'csr');
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
      run('x509', '-req', '-in', 'csr', ...signed, '-extfile', 'names', '-out', `${name}.pem`);
    }
    for (const name of ['ca.pem', 'server.pem', 'server.key', 'client.pem', 'client.key']) {
      pem[name] = await readFile(join(dir, name), 'utf8');
    }
    const tls = { cert: pem['server.pem'], key: pem['server.key'], ca: pem['ca.pem'] };
    const asks = { requestCert: true, rejectUnauthorized: true };
    secure = await startSignerService({ privateKey: key.privateKey, tls: { ...tls, ...asks } });
  });
  afterAll(async () => {
    await secure.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const [ca, cert, clientKey] = ['ca.pem', 'client.pem', 'client.key'];
  it('signs for a client that has the certificate', async () => {
    const ours = { ca: pem[ca] ?? '', cert: pem[cert] ?? '', key: pem[clientKey] ?? '' };
    const signer = connect({ url: secure.url, ...ours });
    await expect(signer.check?.()).resolves.toBeUndefined();
    await expect(signer.sign(TRANSFER)).resolves.toBeDefined();
  });

  it('refuses every other client, and is not trusted without its own certificate', async () => {
    const stranger = connect({ url: secure.url, ca: pem[ca] ?? '' });
    await expect(stranger.check?.()).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' });
    const ours = { cert: pem[cert] ?? '', key: pem[clientKey] ?? '' };
    const unknown = connect({ url: secure.url, ...ours });
    await expect(unknown.check?.()).rejects.toMatchObject({
      code: 'SIGNER_UNREACHABLE',
      message: expect.stringContaining('certificate'),
    });
  });
});
