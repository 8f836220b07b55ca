/**
 * What no container engine checks here: that compose.cluster.yml fits docker-compose.yml and the code. Its commands are
 * run by every start of `dev/stack/temporal-cluster.ts`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck: { readonly test: readonly string[] };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(ROOT, path), 'utf8');
const PASSWORD = 'temporal-database-password';
const JOBS = ['temporal-schema', 'temporal-namespace'];

/** Compose's tags replace a value of the file before, or take it away; what follows them is read as it stands. */
const customTags = ['!override', '!reset'].flatMap((tag) => [
  { tag, resolve: (text: string) => text },
  { tag, collection: 'seq', resolve: (seq: unknown) => seq },
]);

describe('compose.cluster.yml', () => {
  let text: string;
  let small: Compose;
  let cluster: Compose;
  beforeAll(async () => {
    text = await read('compose.cluster.yml');
    small = parse(await read('docker-compose.yml'), { merge: true }) as Compose;
    cluster = parse(text, { customTags: customTags as never }) as Compose;
  });
  const service = (name: string): Service => {
    const found = cluster.services[name];
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  };

  it('pins every image, with tools of the version of the server', () => {
    const images = Object.values(cluster.services).flatMap(({ image }) => image ?? []);
    expect(images).toHaveLength(5);
    for (const image of images) expect(image).toMatch(/:\d+(\.\d+\.\d+\S*)?$/);
    const version = service('temporal').image.split(':')[1];
    for (const job of JOBS) {
      expect(service(job).image).toMatch(`temporalio/admin-tools:${version}-`);
    }
    expect(service('temporal-postgres').image).toBe(small.services.postgres?.image);
  });

  it('leaves nothing of the dev server, and puts the server where the others look for it', () => {
    const { entrypoint, command, ports } = service('temporal');
    expect(entrypoint).toEqual(['/bin/bash', '-euc']);
    expect(command).toHaveLength(1);
    expect(command[0]).not.toContain('start-dev');
    const port = '127.0.0.1:7233:7233';
    expect(ports).toEqual([port]);
    expect(small.services.temporal?.ports).toContain(port);
    const tagOf = (key: string) => new RegExp(`^    ${key}: !(\\w+)`, 'm').exec(text)?.[1];
    // Lists of the two files are joined, unless a tag says otherwise.
    expect(['command', 'ports', 'volumes'].map(tagOf)).toEqual(['override', 'override', 'reset']);
    expect(text).toMatch(/^ {2}temporal-data: !reset/m);
    for (const { environment } of [small.services.worker, small.services.api] as Service[]) {
      expect(environment.TEMPORAL_ADDRESS).toBe('temporal:7233');
    }
    expect(service('temporal-namespace').environment.TEMPORAL_ADDRESS).toBe('temporal:7233');
    expect(service('temporal-ui').environment).toEqual({
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_UI_PORT: '8233',
    });
  });

  it('serves the pages where docker-compose.yml does, and publishes nothing beyond this machine', async () => {
    const { temporal } = parse(await read('pools/compose.yaml')) as {
      readonly temporal: { readonly uiUrl: string };
    };
    const [uiPort = ''] = service('temporal-ui').ports ?? [];
    expect(uiPort).toBe(`127.0.0.1:${new URL(temporal.uiUrl).port}:8233`);
    expect(small.services.temporal?.ports).toContain(uiPort);
    for (const { ports = [] } of Object.values(cluster.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('makes the tables and the namespace before the server, the worker and the API are started', () => {
    const needs = (name: string) =>
      Object.entries(service(name).depends_on).map(([on, { condition }]) => `${on} ${condition}`);
    expect(needs('temporal-schema')).toEqual(['temporal-postgres service_healthy']);
    expect(needs('temporal')).toEqual(['temporal-schema service_completed_successfully']);
    expect(needs('temporal-namespace')).toEqual(['temporal service_healthy']);
    for (const name of ['worker', 'api']) {
      expect(needs(name)).toEqual(['temporal-namespace service_completed_successfully']);
    }
  });

  it('gives a new namespace the retention that is the default of the configuration', async () => {
    const { temporal } = parse(await read('pools/openpool.yaml')) as {
      readonly temporal: { readonly retention: string };
    };
    expect(service('temporal-namespace').command[0]).toMatch(
      new RegExp(`namespace create .*--retention ${temporal.retention}$`, 'm'),
    );
  });

  it('keeps its Postgres apart from the ledger’s, under a password of its own', () => {
    const holders = Object.entries(cluster.services).filter(([, { secrets }]) => secrets);
    expect(holders.map(([name]) => name)).toEqual([
      ...['temporal-postgres', 'temporal-schema', 'temporal'],
    ]);
    for (const [, { secrets }] of holders) expect(secrets).toEqual([PASSWORD]);
    expect(cluster.secrets).toEqual({ [PASSWORD]: { file: `./secrets/${PASSWORD}` } });
    // The image's user owns the secrets: docs/deployment.md.
    for (const name of ['temporal-schema', 'temporal'])
      expect(service(name).user).toBe('1000:1000');
    const place = { host: service('temporal').environment.POSTGRES_SEEDS };
    expect(place.host).toBe('temporal-postgres');
    expect(service('temporal-schema').environment.SQL_HOST).toBe(place.host);
    expect(service('temporal-postgres').ports).toBeUndefined();
    const volumes = service('temporal-postgres').volumes.map((one) => one.split(':')[0]);
    expect(volumes).toEqual(['temporal-postgres-data']);
    expect(Object.keys(cluster.volumes)).toContain('temporal-postgres-data');
    expect(Object.keys(small.volumes)).not.toContain('temporal-postgres-data');
  });

  it('is in the docs with its command and its secret', async () => {
    const docs = await read('docs/deployment.md');
    expect(docs).toContain('docker compose -f docker-compose.yml -f compose.cluster.yml up');
    expect(docs).toContain(`> secrets/${PASSWORD}`);
  });
});
