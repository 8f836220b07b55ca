import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { loadConfig } from './config.js';
import { howShown, knownKeys } from './schema.js';

const { write, load, problemsOf, pathOf } = useConfigFiles();

describe('a configuration', () => {
  it('fills in defaults for what is absent', async () => {
    const config = await load(BASE);
    expect(config.pool).toMatchObject({
      commissionBps: 2_500,
      payoutThresholdWei: 5_000_000_000_000_000n,
      payoutIntervalMs: 14_400_000,
      jobMatchWindowMs: 3_600_000,
      payoutsEnabled: true,
    });
    expect(config.chain).toMatchObject({ chainId: 42_161, maxFeePerGasWei: 100_000_000n });
    expect(config.temporal).toMatchObject({ address: 'localhost:7233', namespace: 'default' });
    expect(config.sources[0]).toMatchObject({ kind: 'orchestrator-http', from: null });
    expect(config.wallet.signer).toEqual({
      kind: 'keystore',
      keystoreFile: pathOf('keystore.json'),
      passphraseFile: pathOf('passphrase'),
    });
  });

  it('accepts a module only for a source of that kind, and no invented fees on a chain where they are money', async () => {
    const source = BASE.slice(BASE.indexOf('sources:'), BASE.indexOf('database:'));
    const load = (kind: string, chainId: number) =>
      problemsOf(
        BASE.replace(source, `sources:\n  - { id: s, from: beginning, ${kind} }\n`).replace(
          'chain:\n',
          `chain:\n  id: ${chainId}\n`,
        ),
      );
    expect(await load('kind: module', 1)).toMatchObject([
      { code: 'CONFIG_MISSING_KEY', key: 'sources[0].module' },
    ]);
    expect(await load('of: other', 1)).toMatchObject([
      { code: 'CONFIG_VALUE', key: 'sources[0].of' },
    ]);
    expect(await load('kind: file, of: s', 1)).toMatchObject([
      { code: 'CONFIG_VALUE', key: 'sources[0].of' },
    ]);
    expect(await load('kind: file, module: ./x.js', 1)).toMatchObject([
      { code: 'CONFIG_VALUE', key: 'sources[0].module' },
    ]);
    expect(await load('kind: generator', 42_161)).toMatchObject([
      { code: 'CONFIG_VALUE', key: 'sources[0].kind' },
    ]);
    await expect(load('kind: generator', 31_337)).rejects.toThrow('it was not refused');
  });

  it('has a temporary ledger only on a chain that this machine makes, and names no other beside it', async () => {
    const line = /^ {2}url: postgres.*$/m;
    const on = (chainId: number, database = '  temporary: true') =>
      BASE.replace(line, database).replace('chain:\n', `chain:\n  id: ${chainId}\n`);
    for (const chainId of [1, 10, 42_161, 421_614, 11_155_111, 31_338]) {
      expect(await problemsOf(on(chainId))).toMatchObject([
        {
          code: 'CONFIG_TEMPORARY_DATABASE',
          key: 'database.temporary',
          message: expect.stringMatching(`chain ${chainId} goes on.*chain.id 31337 or 1337`),
        },
      ]);
    }
    const embeddedDir = pathOf('.openpool/temporary');
    for (const chainId of [31_337, 1_337]) {
      const { database } = await load(on(chainId));
      expect(database).toEqual({ embeddedDir, port: 5_442, isTemporary: true });
    }
    const url = line.exec(BASE)?.[0] ?? 'none';
    for (const other of [url, '  embedded: {}']) {
      expect(await problemsOf(on(31_337, `${other}\n  temporary: true`))).toMatchObject([
        { code: 'CONFIG_DUPLICATE', key: 'database.temporary' },
      ]);
    }
  });

  it('has a finite limit on everything that leaves the wallet, whatever is left out', async () => {
    const { pool, chain } = await load(BASE);
    expect(pool).toMatchObject({
      maxPayoutWei: 10n ** 18n,
      maxPaidPerDayWei: 10n ** 19n,
      maxGasShareBps: 1_000,
      maxJobFeeWei: 10n ** 17n,
      minPayoutIntervalMs: 3_600_000,
    });
    expect(chain).toMatchObject({
      maxFeePerGasWei: 10n ** 8n,
      gasLimitCap: 1_000_000n,
      keepInWalletWei: 10n ** 15n,
    });
  });

  it('keeps all raw events unless it is told how many months', async () => {
    expect((await load(BASE)).retention).toEqual({
      keepMonths: null,
      archiveDir: pathOf('.openpool/archive'),
    });
    const { retention } = await load(`${BASE}retention: { keepMonths: 3, archiveDir: ../old }\n`);
    expect(retention).toEqual({ keepMonths: 3, archiveDir: pathOf('../old') });
    expect(await problemsOf(`${BASE}retention: { keepMonths: 0 }\n`)).toMatchObject([
      { code: 'CONFIG_VALUE', key: 'retention.keepMonths' },
    ]);
  });

  it('works units out exactly', async () => {
    const config = await load(
      BASE.replace(
        '  name: test',
        '  payoutThreshold: 12.000000000000000001 ETH\n  commission: 1234 bps',
      ),
    );
    expect(config.pool.payoutThresholdWei).toBe(12_000_000_000_000_000_001n);
    expect(config.pool.commissionBps).toBe(1_234);
  });

  it('reads the rounding and the date of the terms, by default commission-floor and no date', async () => {
    expect((await load(BASE)).pool).toMatchObject({
      ...{ rounding: 'commission-floor', termsFrom: null },
    });
    const lines = '  rounding: net-floor\n  termsFrom: 2026-02-01T01:00:00+01:00';
    expect((await load(BASE.replace('  name: test', lines))).pool).toMatchObject({
      ...{ rounding: 'net-floor', termsFrom: new Date('2026-02-01T00:00:00Z') },
    });
  });

  it('keeps an unquoted address to its last digit', async () => {
    const address = '0x52908400098527886E0F7030069857D2E4169EE7';
    const config = await load(`${BASE}  address: ${address}\n`);
    expect(config.wallet.address).toBe(address.toLowerCase());
  });

  const pool = (line: string) => BASE.replace('  name: test', `  ${line}`);
  const source = (line: string) => BASE.replace('    from: beginning', `    ${line}`);
  it.each([
    ['an unknown key', pool('comission: 25%'), 'CONFIG_UNKNOWN_KEY', 'pool.comission', 2],
    [
      'no time in which a payee could revoke a change of its destination',
      `${BASE}selfService: { destinationCoolDown: 59m }\n`,
      ...(['CONFIG_VALUE', 'selfService.destinationCoolDown', 17] as const),
    ],
    ['an unknown section', `${BASE}polo: {}\n`, 'CONFIG_UNKNOWN_KEY', 'polo', 17],
    ['a rounding that is none', pool('rounding: up'), 'CONFIG_VALUE', 'pool.rounding', 2],
    ['a date without its zone', pool('termsFrom: 2026-02-01'), 'CONFIG_VALUE', 'pool.termsFrom', 2],
    [
      'a day that no calendar has',
      pool('termsFrom: 2025-02-30T00:00:00Z'),
      ...(['CONFIG_VALUE', 'pool.termsFrom', 2] as const),
    ],
    [
      'a day that no calendar has, of a source',
      BASE.replace('from: beginning', 'from: 2025-02-30T00:00:00Z'),
      ...(['CONFIG_VALUE', 'sources[0].from', 7] as const),
    ],
    [
      'a year that Postgres does not know',
      BASE.replace('from: beginning', 'from: "0000-01-01T00:00:00Z"'),
      ...(['CONFIG_VALUE', 'sources[0].from', 7] as const),
    ],
    ['a NUL', pool('region: "a\\0b"'), 'CONFIG_VALUE', 'pool.region', 2],
    [
      'a NUL deep in the options of a source',
      BASE.replace('endpoint: https', 'headers:\n        x: "\\0"\n      endpoint: https'),
      ...(['CONFIG_VALUE', 'sources[0].options.headers.x', 10] as const),
    ],
    ['half a character', pool('region: "\\ud800"'), 'CONFIG_VALUE', 'pool.region', 2],
    [
      'more ether than there is',
      pool('maxPayout: 1000000001 ETH'),
      'CONFIG_VALUE',
      'pool.maxPayout',
      2,
    ],
    [
      'a time that never ends',
      pool('minPayoutInterval: 100000000d'),
      'CONFIG_VALUE',
      'pool.minPayoutInterval',
      2,
    ],
    ['a share without its unit', pool('commission: 25'), 'CONFIG_UNIT', 'pool.commission', 2],
    ['a share above all', pool('commission: 101%'), 'CONFIG_VALUE', 'pool.commission', 2],
    ['a share finer than bps', pool('commission: 0.001%'), 'CONFIG_VALUE', 'pool.commission', 2],
    [
      'wei without their unit',
      pool('payoutThreshold: 5000'),
      'CONFIG_UNIT',
      'pool.payoutThreshold',
      2,
    ],
    ['another coin', pool('payoutThreshold: 5 LPT'), 'CONFIG_UNIT', 'pool.payoutThreshold', 2],
    ['parts of a wei', pool('payoutThreshold: 0.5 wei'), 'CONFIG_VALUE', 'pool.payoutThreshold', 2],
    [
      'a negative amount',
      pool('payoutThreshold: -1 ETH'),
      'CONFIG_VALUE',
      'pool.payoutThreshold',
      2,
    ],
    ['an exponent', pool('payoutThreshold: 1e-3 ETH'), 'CONFIG_VALUE', 'pool.payoutThreshold', 2],
    [
      'minutes in another tongue',
      pool('payoutInterval: 5min'),
      'CONFIG_UNIT',
      'pool.payoutInterval',
      2,
    ],
    ['an interval that spins', pool('syncInterval: 0s'), 'CONFIG_VALUE', 'pool.syncInterval', 2],
    ['no limit at all', pool('maxPaidPerDay: none'), 'CONFIG_VALUE', 'pool.maxPaidPerDay', 2],
    ['no yes-or-no', pool('payoutsEnabled: maybe'), 'CONFIG_VALUE', 'pool.payoutsEnabled', 2],
    ['an id in capitals', BASE.replace('id: one', 'id: One'), 'CONFIG_VALUE', 'sources[0].id', 4],
    [
      'a time without a zone',
      source('from: 2025-02-03T00:00:00'),
      'CONFIG_VALUE',
      'sources[0].from',
      7,
    ],
    [
      'a day that never was',
      source('from: 2025-13-03T00:00:00Z'),
      'CONFIG_VALUE',
      'sources[0].from',
      7,
    ],
    ['a time to come', source('from: 2999-01-01T00:00:00Z'), 'CONFIG_VALUE', 'sources[0].from', 7],
    ['no from', source('syncInterval: 5s'), 'CONFIG_MISSING_KEY', 'sources[0].from', 4],
    [
      'a node type nobody has',
      BASE.replace(': ai', ': gpu'),
      'CONFIG_VALUE',
      'sources[0].nodeType',
      6,
    ],
    ['no wallet', BASE.replace(/wallet:[\s\S]*/, ''), 'CONFIG_MISSING_KEY', 'wallet', null],
    ['no database', BASE.replace('  url: postgres', '  #'), 'CONFIG_MISSING_KEY', 'database', 10],
    [
      'another database',
      BASE.replace('postgres://', 'mysql://'),
      'CONFIG_VALUE',
      'database.url',
      11,
    ],
    [
      'no endpoint of the chain',
      BASE.replace('rpcUrls: [http://localhost:8545]', 'id: 1'),
      'CONFIG_MISSING_KEY',
      'chain',
      12,
    ],
    [
      'an endpoint of the chain twice',
      BASE.replace('[http://localhost:8545]', '["https://a.example/x", "https://A.example:443/x"]'),
      'CONFIG_DUPLICATE',
      'chain.rpcUrls[1]',
      13,
    ],
    [
      'a link with a password',
      BASE.replace('chain:', 'chain:\n  explorerUrl: https://me:secret@scan.example'),
      'CONFIG_VALUE',
      'chain.explorerUrl',
      13,
    ],
    [
      'a link of Temporal with a password',
      `${BASE}temporal:\n  uiUrl: https://me:secret@ui.example\n`,
      'CONFIG_VALUE',
      'temporal.uiUrl',
      18,
    ],
    ['a short address', `${BASE}  address: 0x5290\n`, 'CONFIG_VALUE', 'wallet.address', 17],
    [
      'an unset variable',
      pool(`name: ${'$'}{NOBODY_SET_THIS}`),
      'CONFIG_VARIABLE_UNSET',
      'pool.name',
      2,
    ],
    [
      'a file that is not there',
      `${BASE}api:\n  tokenFile: nowhere\n`,
      'CONFIG_FILE_UNREADABLE',
      'api.tokenFile',
      18,
    ],
    [
      'a secret twice',
      `${BASE}api:\n  token: a\n  tokenFile: nowhere\n`,
      'CONFIG_DUPLICATE',
      'api.tokenFile',
      19,
    ],
    ['the same key twice', `${BASE}wallet:\n`, 'CONFIG_SYNTAX', '', 17],
    ['an unclosed bracket', pool('name: [a'), 'CONFIG_SYNTAX', '', 3],
    [
      'a profile that is not there',
      `${BASE}temporal:\n  profile: nowhere\n`,
      'CONFIG_VALUE',
      'temporal.profile',
      18,
    ],
  ])('is refused with code and place for %s', async (_, text, ...[code, key, line]) => {
    const problems = await problemsOf(text, { TEMPORAL_CONFIG_FILE: pathOf('none.toml') });
    expect(problems[0]).toMatchObject({ code, key, line });
  });

  it('names the known key that an unknown one looks like', async () => {
    const [problem] = await problemsOf(pool('payoutTreshold: 1 ETH'));
    expect(problem?.message).toContain('did you mean "payoutThreshold"?');
  });

  it('tells everything that is wrong at once, in the order of the lines', async () => {
    const text = `${pool('comission: 25%').replace('from: beginning', 'from: soon')}  addres: x\n`;
    const problems = await problemsOf(text);
    expect(problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '2 CONFIG_UNKNOWN_KEY',
      '7 CONFIG_VALUE',
      '17 CONFIG_UNKNOWN_KEY',
    ]);
  });

  it('refuses two sources with one id', async () => {
    const second = `  - id: one\n    from: beginning\ndatabase:`;
    const [problem] = await problemsOf(BASE.replace('database:', second));
    expect(problem).toMatchObject({ code: 'CONFIG_DUPLICATE', key: 'sources[1].id' });
  });

  it('requires the wallet’s files only of processes that sign', async () => {
    const path = await write(BASE);
    await expect(loadConfig(path, { env: {} })).resolves.toBeDefined();
    await expect(loadConfig(path, { env: {}, needsWallet: true })).rejects.toMatchObject({
      code: 'CONFIG_FILE_UNREADABLE',
      message: expect.stringContaining('keystore.json'),
    });
  });

  it('marks every key that may be given as a file as secret, so that no description shows it', () => {
    const secrets = [...placesOf([])].filter((path) =>
      knownKeys(path.slice(0, -1))?.includes(`${path.at(-1)}File`),
    );
    expect(secrets.map((path) => path.join('.'))).toEqual([
      'database.url',
      'temporal.apiKey',
      'chain.rpcUrls',
      'api.token',
    ]);
    const unmarked = secrets.filter(
      (path) => (howShown(path) ?? howShown([...path, 0])) === undefined,
    );
    expect(unmarked).toEqual([]);
  });

  /** Yields the path of every key that the schema has below this path. */
  function* placesOf(path: readonly (string | number)[]): Generator<readonly (string | number)[]> {
    for (const key of knownKeys(path) ?? []) {
      yield [...path, key];
      yield* placesOf([...path, key]);
    }
  }

  it('names the file when there is none', async () => {
    await expect(loadConfig(pathOf('nowhere.yaml'))).rejects.toMatchObject({
      code: 'CONFIG_FILE_UNREADABLE',
    });
  });
});
