/** The commands with which a payee decides something itself. They need no configuration, and `sign` no network. */
import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { createPoolClient } from '../../client/http/pool-client.js';
import { parseAmountWei, parseDurationMs } from '../../config/reading/quantity.js';
import { payableAddress } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { recordOf } from '../../core/chain/node-answers.js';
import { digestOf } from '../../core/chain/signatures.js';
import { signWithKeystore } from '../../core/chain/signer/keystore.js';
import { readWish } from '../../core/self-service/rules/reading.js';
import { typedDataOf, type WishMessage } from '../../core/self-service/rules/typed-data.js';
import { WISH_KINDS, type WishKind, wishWords } from '../../core/self-service/rules/wish.js';
import { misuse, type PoolCommand, quantityOf } from '../command.js';
import { action, type Terminal } from '../context.js';
import { formatJson } from '../output.js';

export function addWishCommands(program: PoolCommand): void {
  const wish = program.add('wish', 'decide something about your own payouts, by signing it');
  wish
    .add('make', 'print the message to sign')
    .requiredOption('--pool <url>', 'where the pool’s API is')
    .requiredOption('--payee <address>', 'the address that you earn with')
    .addOption(new Option('--kind <kind>', 'what').choices(WISH_KINDS).makeOptionMandatory())
    .option('--value <value>', 'such as "0.02 ETH", a name or an address; nothing takes it back')
    .option('--valid-for <duration>', 'how long the message is valid', '1h')
    .action(action(make));
  wish
    .add('sign <file>', 'sign a message with a keystore; this needs no network')
    .requiredOption('--keystore <file>', 'a geth JSON keystore')
    .requiredOption('--passphrase-file <file>', 'the file with its passphrase')
    .action(action(sign));
  wish
    .add('send <file>', 'send a signed message to the pool')
    .requiredOption('--pool <url>', 'where the pool’s API is')
    .action(action(send));
}

interface MakeOptions {
  readonly pool: string;
  readonly payee: string;
  readonly kind: WishKind;
  readonly value?: string;
  readonly validFor: string;
}

async function make({ options, answer }: Terminal<MakeOptions>): Promise<void> {
  const { pool, payee: address, kind, value = '', validFor: duration } = options;
  const isAmount = kind === 'threshold' && !/^0?$/.test(value);
  const wei = isAmount ? quantityOf('--value', value, parseAmountWei)?.toString() : undefined;
  const validFor = Math.round((quantityOf('--valid-for', duration, parseDurationMs) ?? 0) / 1_000);
  const asked = createPoolClient({ url: pool }).GET('/v1/payees/{address}/wishes/message', {
    params: { path: { address }, query: { kind, value: wei ?? value, validFor } },
  });
  const message = await answered(pool, asked);
  answer(formatJson(message), message);
}

interface SignOptions {
  readonly keystore: string;
  readonly passphraseFile: string;
}

async function sign({ options, answer }: Terminal<SignOptions>, file: string): Promise<void> {
  const message = readMessage(await readJson(file));
  // The words go to the terminal, and the signed message to a file.
  process.stderr.write(`${toChecksum(message.payee)} signs: ${wishWords(message.wish)}\n`);
  const json = await readText(options.keystore);
  const passphrase = await readFile(options.passphraseFile).catch(refuseFile);
  const typedData = typedDataOf(message);
  const signed = await signWithKeystore({ json, passphrase }, digestOf(typedData));
  if (signed.address !== message.payee) {
    const words = `the keystore is that of ${toChecksum(signed.address)}, and the message is of ${toChecksum(message.payee)}`;
    throw new PoolError('WISH_NOT_SIGNED', words);
  }
  const { signature } = signed;
  answer(formatJson({ typedData, signature }), { typedData, signature });
}

async function send({ options, answer }: Terminal<{ pool: string }>, file: string): Promise<void> {
  const given = recordOf(await readJson(file));
  const signature = given?.['signature'];
  const typedData = recordOf(given?.['typedData']);
  if (typeof signature !== 'string' || typedData === undefined) {
    throw misuse(`${file} is no signed message: \`openpool wish sign\` makes one`);
  }
  const { payee, wish } = readMessage(typedData);
  const asked = createPoolClient({ url: options.pool }).POST('/v1/payees/{address}/wishes', {
    params: { path: { address: payee } },
    body: { typedData, signature },
  });
  const settings = await answered(options.pool, asked);
  answer(`taken: ${wishWords(wish)}`, settings);
}

/** No bounds: the pool itself says what it takes. */
const ANY = { leastWei: 0n, mostWei: 2n ** 256n };

/** Reads a message as the pool would, so that nobody signs a sentence that says something else than the value. */
function readMessage(given: unknown): WishMessage {
  const message = recordOf(recordOf(given)?.['message']);
  const domain = recordOf(recordOf(given)?.['domain']);
  const payee = payableAddress(message?.['payee']);
  if (payee === undefined) throw misuse('this is no message of `openpool wish make`');
  const poolId = String(message?.['pool']);
  const chainId = Number(domain?.['chainId']);
  return readWish(given, { payee, poolId, chainId, bounds: ANY, now: new Date() });
}

interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
}

/** Returns what the pool answered, or throws its refusal. */
async function answered<Data>(pool: string, asked: Promise<Answered<Data>>): Promise<Data> {
  const { data, error } = await asked.catch((fault: unknown) => {
    throw misuse(`${pool} cannot be asked: ${foreignText(fault)}`);
  });
  if (data !== undefined) return data;
  const { code, message, help } = recordOf(error) ?? {};
  throw misuse(`${pool} refuses: ${String(code)}: ${String(message)} ${String(help)}`);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(file));
  } catch (error) {
    if (error instanceof PoolError) throw error;
    throw misuse(`${file} is not JSON`);
  }
}

const readText = (file: string): Promise<string> => readFile(file, 'utf8').catch(refuseFile);

function refuseFile(error: unknown): never {
  throw misuse(`a file cannot be read: ${foreignText(error)}`);
}
