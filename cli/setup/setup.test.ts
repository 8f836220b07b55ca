/** What a pool is set up with: `openpool init`, the unit it writes, and the completion of a shell. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../config/config.js';
import { configJsonSchema } from '../../config/json-schema.js';
import { openConfiguredSigner } from '../../config/sections/wallet.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { runOpenpool } from '../../test/harness/command-line.js';

/** A checkout in which nothing is built at first: whether this one is must not matter. */
const checkout = vi.hoisted(() => ({ entry: '' }));
vi.mock('./start-command.js', async (original) => ({
  ...(await original<typeof import('./start-command.js')>()),
  entryPath: () => checkout.entry,
}));

const ORCHESTRATOR = 'http://127.0.0.1:9';
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-init-'));
  checkout.entry = join(dir, 'checkout', 'main.ts');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs `init` with these flags for a file in a directory of its own. */
async function init(name: string, ...flags: readonly string[]) {
  const config = join(dir, name, 'openpool.yaml');
  const words = ['--config', config, '--json', 'init', '--orchestrator', ORCHESTRATOR];
  const said = await runOpenpool([...words, '--yes', '--no-doctor', ...flags]);
  return { config, said, path: (file: string) => join(dir, name, file) };
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('openpool init', () => {
  it('writes a file that a start takes, and secrets that nobody else reads', async () => {
    const { config, said, path } = await init(
      'plain',
      '--name',
      'Ann’s "pool"'.replaceAll(/[’"]/g, ''),
    );
    expect(said).toMatchObject({ code: 0, err: '' });
    const loaded = await loadConfig(config, { env: {}, needsWallet: true });
    expect(loaded.pool).toMatchObject({ name: 'Anns pool', commissionBps: 2_500 });
    expect(loaded.chain).toMatchObject({ chainId: 42_161 });
    expect(loaded.chain.rpcUrls).toHaveLength(3);
    expect(loaded.api.token).toMatch(/^[0-9a-f]{64}$/);
    const { files, address } = JSON.parse(said.out) as { files: string[]; address: string };
    expect(toChecksum((await openConfiguredSigner(loaded.wallet)).address)).toBe(address);
    const secrets = files.filter((one) => one.includes('/secrets/'));
    expect(secrets).toHaveLength(4);
    for (const secret of secrets) expect(await modeOf(secret)).toBe('600');
    expect(await modeOf(path('secrets'))).toBe('700');
    const accepts = new Ajv({ strict: false }).compile(configJsonSchema());
    expect(accepts(parse(await readFile(config, 'utf8')))).toBe(true);
  });

  it('overwrites nothing, and writes nothing beside what is there', async () => {
    const { config, path } = await init('again');
    const before = await readFile(path('secrets/keystore.json'), 'utf8');
    const again = await init('again');
    expect(again.said).toMatchObject({ code: 2, err: expect.stringContaining(config) });
    await rm(config);
    const half = await init('again');
    expect(half.said).toMatchObject({ code: 2, err: expect.stringContaining('keystore.json') });
    await expect(stat(config)).rejects.toThrow('ENOENT');
    expect(await readFile(path('secrets/keystore.json'), 'utf8')).toBe(before);
  });

  it('takes a keystore that is there, a Postgres of your own with its password, and other endpoints', async () => {
    const { path } = await init('first');
    const url = 'postgres://openpool:secret@db.example.com:5432/openpool';
    const wallet = ['--wallet', path('secrets/keystore.json')];
    const { config, said } = await init(
      'second',
      ...wallet,
      ...['--passphrase-file', path('secrets/passphrase'), '--database', url],
      ...['--rpc', 'https://a.example/key, https://b.example', '--chain-id', '31337'],
    );
    expect(said.code).toBe(0);
    const loaded = await loadConfig(config, { env: {}, needsWallet: true });
    expect(loaded.database).toEqual({ url });
    expect(loaded.chain.rpcUrls).toEqual(['https://a.example/key', 'https://b.example']);
    expect(await readFile(config, 'utf8')).not.toMatch(/secret@|a\.example/);
    const without = await init('third', ...wallet);
    expect(without.said).toMatchObject({
      code: 2,
      err: expect.stringContaining('--passphrase-file'),
    });
  });

  it('names the address of the key itself, and takes no keystore that it cannot open', async () => {
    const { said, path } = await init('own');
    const { address } = JSON.parse(said.out) as { address: string };
    const keystore = JSON.parse(await readFile(path('secrets/keystore.json'), 'utf8')) as object;
    const lying = join(dir, 'lying.json');
    const silent = join(dir, 'silent.json');
    const wrong = join(dir, 'wrong');
    await writeFile(lying, JSON.stringify({ ...keystore, address: '11'.repeat(20) }));
    await writeFile(silent, JSON.stringify({ ...keystore, address: undefined }));
    await writeFile(wrong, 'another passphrase\n');
    const opens = ['--passphrase-file', path('secrets/passphrase')];
    const taken = await init('silent', '--wallet', silent, ...opens);
    expect(JSON.parse(taken.said.out)).toMatchObject({ address });
    for (const [wallet, words] of [
      [['--wallet', lying, ...opens], 'cannot be read'],
      [['--wallet', silent, '--passphrase-file', wrong], 'does not open the keystore'],
    ] as const) {
      const refused = await init('unopened', ...wallet);
      expect(refused.said).toMatchObject({ code: 2, err: expect.stringContaining(words) });
      await expect(stat(refused.config)).rejects.toThrow('ENOENT');
    }
  });

  it.each([
    ['--database', 'postgre://openpool:hunter2@db.example.com/openpool'],
    ['--rpc', 'htps://rpc.example/v2/hunter2'],
    ['--orchestrator', 'ann:hunter2@orchestrator:7935'],
  ])('does not repeat a mistyped %s, which may hold a secret', async (flag, value) => {
    const { said } = await init('secretive', flag, value);
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining(flag) });
    expect(said.out + said.err).not.toContain('hunter2');
  });

  it('refuses a database of your own for compose, which has one', async () => {
    const url = 'postgres://openpool:hunter2@db.example.com:5432/openpool';
    const { said, config } = await init('both', '--service', 'compose', '--database', url);
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('takes no --database') });
    expect(said.err).not.toContain('hunter2');
    await expect(stat(config)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['--orchestrator', 'orchestrator:7935', 'give a URL'],
    ['--database', 'mysql://x', 'give embedded, or a URL'],
    ['--service', 'cron', 'give systemd, compose, none'],
    ['--chain-id', 'arbitrum', 'give a number'],
    ['--rpc', 'https://a.example,b', 'give a URL'],
    ['--wallet', '/nowhere/keystore.json', '--passphrase-file'],
  ])('refuses %s %s in plain words, and writes nothing', async (flag, value, words) => {
    const { said, config } = await init('refused', flag, value);
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining(words) });
    await expect(stat(config)).rejects.toThrow('ENOENT');
  });

  it('asks nobody where nobody is, and says which flag is missing', async () => {
    const words = ['--config', join(dir, 'x', 'openpool.yaml'), 'init', '--yes'];
    const said = await runOpenpool(words);
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('give --orchestrator') });
  });

  it('writes a compose file whose services find the configuration and every secret', async () => {
    const { config, said, path } = await init('composed', '--service', 'compose');
    expect(said.code).toBe(0);
    const { services, secrets } = parse(await readFile(path('docker-compose.yml'), 'utf8')) as {
      services: Record<string, { build?: string; volumes: string[] }>;
      secrets: Record<string, { file: string }>;
    };
    for (const { file } of Object.values(secrets)) expect(await modeOf(path(file))).toBe('600');
    expect(services['worker']?.build).toBeUndefined();
    expect(services['worker']?.volumes[0]).toContain('./openpool.yaml');
    const text = (await readFile(config, 'utf8'))
      .replaceAll('/run/secrets/keystore', path('secrets/keystore.json'))
      .replaceAll('/run/secrets/', path('secrets/'));
    await writeFile(path('inside.yaml'), text);
    const env = { OPENPOOL_DATABASE_ROLE: 'openpool' };
    const loaded = await loadConfig(path('inside.yaml'), { env, needsWallet: true });
    expect(loaded.api).toMatchObject({ host: '0.0.0.0' });
    expect(loaded.database).toMatchObject({ url: expect.stringContaining('@postgres:5432/') });
  });
});

/** Without systemd, the test is shown as skipped; Debian's package `systemd` brings the program. */
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the unit of systemd', () => {
  it('is not written in a checkout without a build', async () => {
    const { said, config } = await init('unbuilt', '--service', 'systemd');
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('npm run build') });
    await expect(stat(config)).rejects.toThrow('ENOENT');
    await mkdir(join(dir, 'checkout', 'dist'), { recursive: true });
    await writeFile(join(dir, 'checkout', 'dist', 'main.js'), '');
  });

  it.each(['my pool', '100%', 'ann"s', "ann's", 'a$b', 'a\\b'])(
    'is not written in a directory that it cannot name: %s',
    async (name) => {
      const { said, config } = await init(name, '--service', 'systemd');
      expect(said).toMatchObject({ code: 2, err: expect.stringContaining('take a directory') });
      await expect(stat(config)).rejects.toThrow('ENOENT');
    },
  );

  it('hands each secret over by LoadCredential, where the configuration looks for it', async () => {
    const { config, path } = await init('unit', '--service', 'systemd');
    const unit = await readFile(path('openpool.service'), 'utf8');
    const built = join(dir, 'checkout', 'dist', 'main.js');
    expect(unit).toContain(`ExecStart=${process.execPath} ${built} --config ${config}\n`);
    const loaded = [...unit.matchAll(/^LoadCredential=([\w.-]+):(.+)$/gm)];
    expect(loaded.map(([, name]) => name)).toEqual([
      'keystore.json',
      'passphrase',
      'api-token',
      'rpc-urls',
    ]);
    for (const [, , file = ''] of loaded) expect(await modeOf(file)).toBe('600');
    expect(unit).toContain('Environment=OPENPOOL_SECRETS=%d');
    const env = { OPENPOOL_SECRETS: path('secrets') };
    await expect(loadConfig(config, { env, needsWallet: true })).resolves.toBeDefined();
  });

  it.skipIf(!hasAnalyze)('is exposed to at most 3.0 by `systemd-analyze security`', async () => {
    const { path } = await init('hardened', '--service', 'systemd');
    const args = ['security', '--offline=true', '--no-pager', path('openpool.service')];
    const { stdout } = await promisify(execFile)('systemd-analyze', args);
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    expect(exposure).toBeLessThanOrEqual(3);
    // The control: without what hardens it, the same tool finds it exposed.
    const bare = (await readFile(path('openpool.service'), 'utf8')).replace(
      /^(Protect|Private|Restrict|System|Capab|NoNew|Dynamic|UMask).*\n/gm,
      '',
    );
    await writeFile(path('bare.service'), bare);
    const found = await promisify(execFile)('systemd-analyze', [
      ...args.slice(0, 3),
      path('bare.service'),
    ]);
    expect(
      Number(/Overall exposure level for \S+: ([\d.]+)/.exec(found.stdout)?.[1]),
    ).toBeGreaterThan(7);
  });
});

describe('openpool completion', () => {
  let script: string;
  beforeAll(async () => {
    const { out, code } = await runOpenpool(['completion', 'bash']);
    expect(code).toBe(0);
    script = join(dir, 'completion.bash');
    await writeFile(script, out);
  });

  /** What bash would offer after these words, the last of which is being written. */
  function offered(...words: readonly string[]): readonly string[] {
    const line = ['openpool', ...words];
    const program = `set -u; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _openpool; printf '%s\\n' "\${COMPREPLY[@]:-}"`;
    const done = spawnSync('bash', ['--norc', '-c', program, 'bash', script, ...line], {
      encoding: 'utf8',
      cwd: dir,
    });
    expect(done.stderr).toBe('');
    return done.stdout.split('\n').filter((one) => one !== '');
  }

  it('offers commands, what is below them, options, and the choices of an option', () => {
    expect(offered('payo')).toEqual(['payout']);
    expect(offered('--json', 'payout', 'l')).toEqual(['list']);
    expect(offered('token', 'create', 'ann', '--ro')).toEqual(['--role']);
    expect(offered('token', 'create', 'ann', '--role', '')).toEqual(['read', 'operate', 'admin']);
    expect(offered('completion.ba')).toEqual([]);
    expect(offered('--config', 'completion.ba')).toEqual(['completion.bash']);
    expect(offered('nobody', 'knows')).toEqual([]);
  });

  it('offers every command that there is', async () => {
    const { out } = await runOpenpool(['--help']);
    const listed = [...out.matchAll(/^ {2}([a-z][\w-]+)/gm)].map(([, name]) => name ?? '');
    expect(listed.length).toBeGreaterThan(20);
    const names = listed.filter((name) => name !== 'help');
    expect(names.filter((name) => !offered('').includes(name))).toEqual([]);
  });

  it.each(['zsh', 'fish'])(
    'has a script for %s, which that shell reads where there is one',
    async (shell) => {
      const { out } = await runOpenpool(['completion', shell]);
      expect(out).toContain(shell === 'zsh' ? 'bashcompinit' : 'complete -c openpool');
      await writeFile(join(dir, shell), out);
      const { error, status } = spawnSync(shell, ['-n', join(dir, shell)]);
      if (error === undefined) expect(status).toBe(0);
    },
  );

  it('says which shells there are', async () => {
    const said = await runOpenpool(['completion', 'csh']);
    expect(said).toMatchObject({ code: 2, err: expect.stringContaining('bash, zsh or fish') });
  });
});
