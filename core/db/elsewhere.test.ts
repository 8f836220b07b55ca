/** A Postgres as others run it: over IPv6, and over TLS with a certificate of an authority of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../dev/stack/postgres-server.js';
import { closeDatabase, openDatabase } from './database.js';
import { refuseUnfitDatabase } from './database-fit.js';

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-elsewhere-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('Postgres over IPv6', () => {
  it.skipIf(!hasIpv6)(
    'is reached by its address in brackets, also for the look at silence',
    async () => {
      const postgres = await startPostgres({ isSuperuser: true, overTcp: true });
      try {
        const url = new URL(postgres.url);
        url.hostname = '[::1]';
        expect(await addressOf(url.href)).toBe('::1');
      } finally {
        await postgres.stop();
      }
    },
  );
});

describe('Postgres behind TLS', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    const certificate = certify();
    postgres = await startPostgres({ isSuperuser: true, overTcp: true, certificate });
  });
  afterAll(() => postgres.stop());

  const named = (host: string, options: string) => {
    const url = new URL(`${postgres.url}?${options}`);
    url.hostname = host;
    return url.href;
  };
  const verified = (ca: string) => `sslmode=verify-full&sslrootcert=${join(dir, ca)}`;

  it('is believed with its own authority, and its certificate must be of its name', async () => {
    expect(await addressOf(named('localhost', verified('ca.pem')))).toMatch(/^(127\.0\.0\.1|::1)$/);
    await expect(addressOf(named('127.0.0.1', verified('ca.pem')))).rejects.toThrow(/altnames/);
  });

  it('is not believed with another authority, nor with those of the system', async () => {
    await expect(addressOf(named('localhost', verified('other.pem')))).rejects.toThrow(
      /certificate/,
    );
    await expect(addressOf(named('localhost', 'sslmode=verify-full'))).rejects.toThrow(
      /certificate/,
    );
  });

  it('lets nobody in without TLS', async () => {
    await expect(addressOf(named('localhost', 'sslmode=disable'))).rejects.toThrow(/pg_hba\.conf/);
  });
});

/** Where the server says that it was reached, after all that a start asks of it. */
async function addressOf(url: string): Promise<string> {
  const db = openDatabase({ url, maxConnections: 2 });
  try {
    await refuseUnfitDatabase(db, { isWorkers: true });
    const { rows } = await db.$client.query('SELECT host(inet_server_addr()) AS address');
    return (rows[0] as { readonly address: string }).address;
  } finally {
    await closeDatabase(db);
  }
}

/** A certificate for localhost of a new authority, whose own is `ca.pem`; `other.pem` is of another one. */
function certify(): { readonly cert: string; readonly key: string } {
  const run = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const fresh = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  for (const name of ['ca', 'other']) {
    const own = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`];
    run('req', '-x509', '-days', '2', ...fresh, ...own);
  }
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost');
  run('req', ...fresh, '-subj', '/CN=server', '-keyout', 'server.key', '-out', 'csr');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  run('x509', '-req', '-in', 'csr', ...signed, '-extfile', 'names', '-out', 'server.pem');
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  return { cert: read('server.pem'), key: read('server.key') };
}
