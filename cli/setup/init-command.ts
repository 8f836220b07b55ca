/** `openpool init`: a new pool's file, its secrets and what runs it, from six answers. It overwrites nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '../../config/json-schema.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { makeKeystore, openKeystore } from '../../core/chain/signer/keystore.js';
import { misuse, type PoolCommand } from '../command.js';
import { action, type Terminal } from '../context.js';
import { examineConfigured } from '../pool/doctor-command.js';
import { type Answers, collectAnswers, type Given, QUESTIONS } from './init/answers.js';
import {
  composeFile,
  newSecret,
  poolFile,
  SECRETS_VARIABLE,
  secretsOf,
  systemdUnit,
} from './init/pool-file.js';
import { entryPath } from './start-command.js';

interface InitFlags {
  readonly name?: string;
  readonly orchestrator?: string;
  readonly rpc?: string;
  readonly wallet?: string;
  readonly passphraseFile?: string;
  readonly database?: string;
  readonly service?: string;
  readonly chainId: string;
  readonly yes: boolean;
  readonly doctor: boolean;
}

const ARBITRUM_ONE = '42161';

export function addInitCommand(program: PoolCommand): void {
  const init = program.add(
    'init',
    'make a new pool: asks at most six questions, and writes the file of --config, secrets and a service beside it',
  );
  for (const { flag, asks } of Object.values(QUESTIONS)) init.option(`${flag} <answer>`, asks);
  init
    .option('--passphrase-file <file>', 'of the keystore that --wallet names')
    .option('--chain-id <id>', 'another chain than Arbitrum One', ARBITRUM_ONE)
    .option('--yes', 'ask nothing: take the usual answer where no flag gives one', false)
    .option('--no-doctor', 'do not end with `openpool doctor`')
    .action(action(makePool));
}

/** The texts of new files, by their paths; what is secret is for its owner's eyes alone. */
interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

async function makePool({ options, answer, note }: Terminal<InitFlags>): Promise<number> {
  const config = resolve(options.config);
  const dir = dirname(config);
  const { rpc: rpcUrls, chainId } = options;
  if (!/^[1-9][0-9]{0,14}$/.test(chainId)) throw misuse(`--chain-id "${chainId}": give a number`);
  const isAsking = process.stdin.isTTY === true && !options.yes;
  const given: Given = { ...options, rpcUrls };
  refuseThose([config].filter(existsSync));
  const answers = await collectAnswers(given, isAsking);
  const wallet = await openWallet(answers, options.passphraseFile);
  const files = filesOf(answers, { config, dir, chainId: Number(chainId), wallet });
  refuseThose(files.map(({ path }) => path).filter(existsSync));
  for (const { path, text, mode } of files) {
    await mkdir(dirname(path), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
    await writeFile(path, text, { mode, flag: 'wx' });
  }
  for (const { path } of files) note(`written: ${path}`);
  const next = nextSteps(answers, { config, dir, address: wallet.address });
  answer(next.join('\n'), { files: files.map(({ path }) => path), address: wallet.address });
  if (options.doctor && answers.service !== 'compose') {
    process.env[SECRETS_VARIABLE] ??= join(dir, 'secrets');
    const { text } = await examineConfigured(config);
    for (const line of ['What the doctor says, before the first start:', ...text.split('\n')])
      note(line);
  }
  return 0;
}

function refuseThose(existing: readonly string[]): void {
  if (existing.length === 0) return;
  throw misuse(
    `nothing was written, because this is there: ${existing.join(', ')}. Move it, or give another --config`,
  );
}

interface Wallet {
  readonly keystore: string;
  readonly passphrase: string;
  readonly address: string;
}

async function openWallet({ wallet }: Answers, passphraseFile?: string): Promise<Wallet> {
  if (wallet === 'new') {
    const passphrase = newSecret();
    const { json, address } = await makeKeystore(passphrase);
    return { keystore: json, passphrase: `${passphrase}\n`, address: toChecksum(address) };
  }
  if (passphraseFile === undefined) {
    throw misuse('give the file with the keystore’s passphrase: --passphrase-file');
  }
  const read = (path: string) =>
    readFile(path, 'utf8').catch((cause: unknown) => {
      throw misuse(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
    });
  const [keystore, passphrase] = [await read(wallet), await read(passphraseFile)];
  // People send ETH to this address: it is the key's own, whatever the file says beside it.
  const { address } = await openKeystore({ json: keystore, passphrase }).catch((cause: unknown) => {
    throw misuse(`--wallet, --passphrase-file: ${cause instanceof Error ? cause.message : cause}`);
  });
  return { keystore, passphrase, address: toChecksum(address) };
}

interface Scene {
  readonly config: string;
  readonly dir: string;
  readonly chainId: number;
  readonly wallet: Wallet;
}

function filesOf(answers: Answers, { config, dir, chainId, wallet }: Scene): readonly NewFile[] {
  const secrets = Object.entries(secretsOf(answers, wallet)).map(([name, text]) => ({
    path: join(dir, name),
    text,
    mode: 0o600,
  }));
  const open = (name: string, text: string) => ({ path: join(dir, name), text, mode: 0o644 });
  const service = {
    none: [],
    systemd: () => [open('openpool.service', unitOf(config, dir, secrets))],
    compose: () => [open('docker-compose.yml', composeFile(packaged('docker-compose.yml')))],
  }[answers.service];
  return [
    { path: config, text: poolFile(answers, chainId, new Date()), mode: 0o644 },
    open('openpool.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`),
    ...secrets,
    ...(typeof service === 'function' ? service() : service),
  ];
}

function unitOf(config: string, dir: string, secrets: readonly NewFile[]): string {
  return systemdUnit({
    node: process.execPath,
    entry: builtEntry(),
    config,
    secretsDir: join(dir, 'secrets'),
    secrets: secrets.map(({ path }) => basename(path)),
  });
}

/** What node runs by itself: in a checkout the build, for it cannot run the TypeScript. */
function builtEntry(): string {
  const entry = entryPath('pool');
  if (extname(entry) !== '.ts') return entry;
  const built = join(dirname(entry), 'dist/main.js');
  if (existsSync(built)) return built;
  throw misuse(`--service systemd: ${built} is not there: run \`npm run build\` in the checkout`);
}

/** Reads a file of the package: two folders up in a build's `cli`, one less in a checkout. */
function packaged(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const found = ['../..', '../../..'].map((up) => join(here, up, name)).find(existsSync);
  if (found === undefined) throw misuse(`${name} is not in this installation`);
  return readFileSync(found, 'utf8');
}

function nextSteps(
  { service, wallet }: Answers,
  { config, dir, address }: { config: string; dir: string; address: string },
): readonly string[] {
  const asPerson = service === 'systemd' ? `${SECRETS_VARIABLE}=${join(dir, 'secrets')} ` : '';
  const command = `${asPerson}openpool --config ${config}`;
  return [
    '',
    `The wallet is ${address}.${wallet === 'new' ? ' Keep a copy of secrets/ elsewhere: without it nobody reaches its ETH.' : ''}`,
    'Next:',
    `- send ETH to the wallet, on the chain that it pays on`,
    ...(service === 'compose'
      ? [
          '- build the image in a checkout: docker build --tag openpool .',
          `- sudo chown -R 1000:1000 ${join(dir, 'secrets')} ${join(dir, 'files')}, for the user of the image`,
          '- docker compose up',
        ]
      : [
          '- start a Temporal server: temporal server start-dev --db-filename temporal.db',
          service === 'systemd'
            ? `- sudo cp ${join(dir, 'openpool.service')} /etc/systemd/system/ && sudo systemctl enable --now openpool`
            : `- ${command} start`,
          `- ${command} doctor`,
        ]),
  ];
}
