/**
 * What no container engine checks here: that the commands, ports, variables and paths of
 * docker-compose.yml and the Dockerfile are those of the code.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createApp } from '../api/app.js';
import { type Config, loadConfig } from '../config/config.js';
import { parseDurationMs } from '../config/reading/quantity.js';
import { API_ROLE } from '../core/db/roles.js';
import { SHUTDOWN_FORCE_MS } from '../worker/temporal/lanes.js';
import { SEARCH_ATTRIBUTES } from '../workflows/contract.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly ulimits?: Readonly<Record<string, number>>;
}

interface Compose {
  readonly services: Readonly<
    Record<'postgres' | 'temporal' | 'worker' | 'api' | 'api-role', Service>
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(ROOT, path), 'utf8');
const CONFIG_IN_CONTAINER = '/etc/openpool/openpool.yaml';

type Secret = NonNullable<Service['secrets']>[number];

const namesOf = (secret: Secret) =>
  typeof secret === 'string' ? { source: secret, target: secret } : secret;
const urlOf = ({ database }: Config) => new URL('url' in database ? database.url : 'none:');

describe('docker-compose.yml', () => {
  let compose: Compose;
  let dockerfile: string;
  let dir: string;
  beforeAll(async () => {
    compose = parse(await read('docker-compose.yml'), { merge: true }) as Compose;
    dockerfile = await read('Dockerfile');
    dir = await mkdtemp(join(tmpdir(), 'openpool-compose-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** Loads the mounted configuration as the service would, with its secrets and variables alone. */
  async function loadAs(
    name: 'worker' | 'api' | 'api-role',
    needsWallet: boolean,
  ): Promise<Config> {
    const { secrets = [], environment = {} } = compose.services[name];
    const own = await mkdtemp(join(dir, `${name}-`));
    for (const secret of secrets) {
      const { source, target } = namesOf(secret);
      await writeFile(join(own, target), `secret-of-${source}`, { mode: 0o600 });
    }
    const mounted = await read('pools/compose.yaml');
    const path = join(own, 'openpool.yaml');
    await writeFile(path, mounted.replaceAll('/run/secrets/', `${own}/`));
    return loadConfig(path, { env: environment, needsWallet });
  }

  it('runs what the build makes', async () => {
    const build = parse(await read('tsconfig.build.json')) as { readonly files: string[] };
    const commands = [
      compose.services.worker.command,
      compose.services.worker.healthcheck?.test,
      compose.services['api-role'].command,
      compose.services.api.command,
      JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? '[]') as string[],
      [/exec node \/app\/(\S+)/.exec(dockerfile)?.[1] ?? ''],
    ];
    for (const command of commands) {
      const script = command?.find((part) => part.startsWith('dist/')) ?? 'none';
      const source = script.replace(/^dist\/(.+)\.js$/, '$1.ts');
      expect(build.files).toContain(source);
      expect(existsSync(join(ROOT, source))).toBe(true);
    }
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: { build: string } };
    expect(scripts.build).toContain('tsc -p tsconfig.build.json');
    expect(scripts.build).toContain('dist/worker/temporal/bundle.js');
    expect(build.files).toContain('worker/temporal/bundle.ts');
  });

  it('builds on glibc and leaves secrets out of the image', async () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    expect(images).toEqual(['node:22-bookworm-slim', 'node:22-bookworm-slim']);
    expect(dockerfile).toMatch(/^USER node$/m);
    const ignored = (await read('.dockerignore')).split('\n');
    const kept = ['secrets', 'files', 'pool.env', 'node_modules', '.git', '.env'];
    for (const path of kept) expect(ignored).toContain(path);
    for (const { file } of Object.values(compose.secrets)) {
      expect(file).toMatch(/^\.\/secrets\//);
    }
  });

  it('mounts a configuration where the commands look for it', async () => {
    const { worker, api, 'api-role': apiRole } = compose.services;
    for (const { command, volumes } of [worker, api, apiRole]) {
      const mount = volumes.find((volume) => volume.includes(`:${CONFIG_IN_CONTAINER}:ro`));
      const source = /^\$\{OPENPOOL_CONFIG:-(.+?)\}/.exec(mount ?? '')?.[1] ?? 'none';
      expect(existsSync(join(ROOT, source))).toBe(true);
      expect(command?.join(' ').replace('=', ' ')).toContain(`--config ${CONFIG_IN_CONTAINER}`);
    }
    expect(dockerfile).toContain(`--config ${CONFIG_IN_CONTAINER}`);
  });

  it('shows worker and API the files that a configuration names, and lets none of them write', async () => {
    for (const { volumes, env_file } of [compose.services.worker, compose.services.api]) {
      const mount = volumes.find((volume) => volume.includes('./files'));
      expect(mount?.replace(/^\$\{.+?\}/, '')).toBe(`:${dirname(CONFIG_IN_CONTAINER)}/files:ro`);
      expect(env_file).toEqual([{ path: './pool.env', required: false }]);
    }
    const own = await mkdtemp(join(dir, 'files-'));
    const env = { OPENPOOL_DATABASE_ROLE: 'openpool' };
    const text = (await read('pools/compose.yaml'))
      .replaceAll('/run/secrets/', `${own}/`)
      .replace('#basicAuth', 'basicAuth');
    for (const name of ['database-password', 'api-token']) {
      await writeFile(join(own, name), 'x'.repeat(20), { mode: 0o600 });
    }
    await mkdir(join(own, 'files'));
    await writeFile(join(own, 'files', 'orchestrator-1-password'), 'open sesame', { mode: 0o600 });
    await writeFile(join(own, 'openpool.yaml'), text);
    const { sources } = await loadConfig(join(own, 'openpool.yaml'), { env });
    expect(sources[0]?.options).toMatchObject({ basicAuth: { password: 'open sesame' } });
  });

  it('gives the worker every secret, and the API none of the wallet', async () => {
    const config = await loadAs('worker', true);
    const { signer } = config.wallet;
    expect(signer.kind === 'keystore' && basename(signer.keystoreFile)).toBe('keystore');
    const shown = compose.services.api.secrets?.map((secret) => namesOf(secret).source);
    expect(shown).toEqual(['api-database-password', 'api-token']);
    expect((await loadAs('api', false)).api.token).toBe('secret-of-api-token');
  });

  it('keeps archived months on a volume that the worker may write to', async () => {
    const { archiveDir } = (await loadAs('worker', true)).retention;
    expect(compose.services.worker.volumes).toContain(`archive-data:${archiveDir}`);
    expect(dockerfile).toContain(`--owner=node --group=node ${archiveDir}\nUSER node`);
  });

  it('leads to the database as that is set up', async () => {
    const { environment = {}, volumes, secrets } = compose.services.postgres;
    const url = urlOf(await loadAs('worker', true));
    expect(url.hostname).toBe('postgres');
    expect(url.username).toBe(environment['POSTGRES_USER']);
    expect(url.pathname).toBe(`/${environment['POSTGRES_DB']}`);
    expect(url.password).toBe('secret-of-database-password');
    expect(environment['POSTGRES_PASSWORD_FILE']).toBe(`/run/secrets/${secrets?.[0]}`);
    expect(secrets).toEqual(['database-password']);
    expect(compose.services.postgres.image).toBe('postgres:18');
    expect(volumes).toEqual(['postgres-data:/var/lib/postgresql']);
  });

  it('gives the API a role of its own in Postgres, which a service makes with the same password', async () => {
    const url = urlOf(await loadAs('api', false));
    expect(url.username).toBe(API_ROLE);
    expect(url.password).toBe('secret-of-api-database-password');
    const { command = [], secrets, depends_on } = compose.services['api-role'];
    expect(command.slice(3)).toEqual([
      ...['database', 'api-role', '--password-file=/run/secrets/api-database-password'],
    ]);
    expect(secrets).toContain('api-database-password');
    expect(urlOf(await loadAs('api-role', false)).username).toBe('openpool');
    expect(depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
  });

  it('publishes nothing but the API beyond this machine, and says what Temporal’s port is worth', async () => {
    const { api, ...others } = compose.services;
    for (const [name, { ports = [] }] of Object.entries(others)) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    }
    expect(compose.services.postgres.ports).toBeUndefined();
    expect(api.ports).toEqual([
      expect.stringMatching(/^\$\{OPENPOOL_API_ADDRESS:-127\.0\.0\.1:8080\}:8080$/),
    ]);
    for (const path of ['docker-compose.yml', 'docs/deployment.md']) {
      expect((await read(path)).replace(/[\s#]+/g, ' ')).toMatch(
        /whoever reaches .*end or delay the pool's workflows,? and read their histories/i,
      );
    }
  });

  it('starts Temporal with the search attributes of the contract, where the others look for it', async () => {
    const { command = [], ports, volumes } = compose.services.temporal;
    const wanted = SEARCH_ATTRIBUTES.map(({ name, type }) => {
      const typeName = type.charAt(0) + type.slice(1).toLowerCase();
      return `--search-attribute=${name}=${typeName}`;
    });
    expect(command.filter((part) => part.startsWith('--search-attribute'))).toEqual(wanted);
    expect(command.slice(0, 3)).toEqual(['server', 'start-dev', '--ip=0.0.0.0']);
    const config = await loadAs('worker', true);
    const option = (name: string) =>
      command.find((part) => part.startsWith(`--${name}=`))?.slice(name.length + 3);
    expect(config.temporal.address).toBe(`temporal:${option('port')}`);
    expect(ports).toContain(`127.0.0.1:${option('port')}:${option('port')}`);
    expect(config.temporal.uiUrl).toBe(`http://localhost:${option('ui-port')}`);
    expect(ports).toContain(`127.0.0.1:${option('ui-port')}:${option('ui-port')}`);
    expect(volumes).toEqual(['temporal-data:/data']);
    expect(option('db-filename')).toMatch(/^\/data\//);
  });

  it('publishes the API where it listens, and asks for its health there', async () => {
    const config = await loadAs('api', false);
    expect(config.api.host).toBe('0.0.0.0');
    expect(compose.services.api.ports?.[0]).toMatch(new RegExp(`:${config.api.port}$`));
    expect(dockerfile).toContain(`EXPOSE ${config.api.port}`);
    const asked = /fetch\('([^']+)'\)/.exec(
      (compose.services.api.healthcheck?.test ?? []).join(' '),
    )?.[1];
    const url = new URL(asked ?? 'none:');
    expect(url.port).toBe(String(config.api.port));
    const unused = { db: undefined as never, client: undefined as never };
    const app = createApp({ ...unused, poolId: 'a', config, version: 'test' });
    expect((await app.request(url.pathname)).status).toBe(200);
  });

  it('waits for what it needs, and leaves the worker time to end', () => {
    const { worker, api } = compose.services;
    const servers = {
      postgres: { condition: 'service_healthy' },
      temporal: { condition: 'service_healthy' },
    };
    expect(worker.depends_on).toEqual(servers);
    const role = { 'api-role': { condition: 'service_completed_successfully' } };
    expect(api.depends_on).toEqual({ ...servers, ...role });
    const grace = parseDurationMs(worker.stop_grace_period ?? '0s');
    expect(grace.ok && grace.value).toBeGreaterThan(SHUTDOWN_FORCE_MS);
  });

  it('leaves no core dump behind, which would hold the key', () => {
    const { worker, api } = compose.services;
    for (const { ulimits } of [worker, api]) expect(ulimits).toEqual({ core: 0 });
  });

  it('declares every volume and secret that is used', () => {
    const services = Object.values(compose.services);
    const named = services
      .flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0]))
      .filter((name) => /^[a-z-]+$/.test(name ?? ''));
    expect(Object.keys(compose.volumes).sort()).toEqual([...new Set(named)].sort());
    const secrets = new Set(
      services.flatMap(({ secrets: used = [] }) => used.map((one) => namesOf(one).source)),
    );
    expect(Object.keys(compose.secrets).sort()).toEqual([...secrets].sort());
  });
});
