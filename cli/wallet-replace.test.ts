/** Another key, as docs/operations.md says it step by step: its commands against workers and a chain. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createSender } from '../activities/sending.js';
import { type LocalChain, startChain } from '../local/chain-node.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../plugins/event-source/test-orchestrator.js';
import { openKeystore } from '../plugins/signer/keystore.js';
import { checkInvariants } from '../store/invariants.js';
import { type ManagerProcess, startManagerProcess } from '../test/faults/worker-process.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import {
  createTestWallet,
  makeKeystore,
  PASSPHRASE,
  paidByChain,
  paidByLedger,
  reserveFor,
  sendForeign,
  setBalance,
  stateOf,
  type TestWallet,
} from '../test/harness/money.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ETH = 10n ** 18n;
const AMOUNT_WEI = 10n ** 15n;

let chain: LocalChain;
let orchestrator: TestOrchestrator;
let database: TestDatabase;
let space: TestNamespace;
let wallet: TestWallet;
let worker: ManagerProcess;

const startWith = (keystore: string) =>
  startManagerProcess({
    ...{ databaseUrl: database.url, temporalAddress: inject('temporalAddress') },
    ...{ namespace: space.namespace, chain, keystore, endpoint: orchestrator.url },
  });

beforeAll(async () => {
  [chain, orchestrator, database, space] = await Promise.all([
    startChain(),
    startTestOrchestrator(),
    createTestDatabase(),
    createTestNamespace(),
  ]);
  wallet = await createTestWallet(database.db, chain);
  worker = await startWith(wallet.keystore);
  await worker.says('openpool worker ready');
});
afterAll(async () => {
  await worker.stop();
  await Promise.all([chain.stop(), orchestrator.stop(), database.close(), space.close()]);
});

const ran: string[] = [];

interface Said {
  readonly code: number;
  readonly answer: Record<string, unknown>;
  readonly error: string;
}

function openpool(...args: readonly string[]): Promise<Said> {
  ran.push(args.join(' '));
  const all = ['--import', 'tsx', 'cli/main.ts', '--config', worker.config, '--json', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: ROOT }, (failure, stdout, stderr) => {
      const code = typeof failure?.code === 'number' ? failure.code : 0;
      // Addresses as the tables have them.
      const text = stdout.replace(/0x[0-9a-fA-F]{40}\b/g, (address) => address.toLowerCase());
      const answer = text.startsWith('{') ? (JSON.parse(text) as Said['answer']) : {};
      resolve({ code, answer, error: stderr });
    });
  });
}

async function newKey(): Promise<TestWallet> {
  const { json, key } = await makeKeystore();
  const signer = await openKeystore({ json, passphrase: PASSPHRASE });
  await setBalance(chain, signer.address, 10n * ETH);
  return { deps: { ...wallet.deps, signer }, address: signer.address, key, keystore: json };
}

/** Signed and stored, and not sent: as far as a worker comes that dies. */
async function underWay(payer: TestWallet) {
  const made = await reserveFor(database.db, AMOUNT_WEI);
  const dead = { ...payer.deps.rpc, sendRaw: () => Promise.reject(new Error('dead')) };
  await createSender({ ...payer.deps, rpc: dead })
    .send(made.payoutId)
    .catch(() => undefined);
  return made;
}

async function restartWith(keystore: string): Promise<void> {
  const next = await startWith(keystore);
  await worker.stop();
  worker = next;
  await worker.says('openpool worker ready');
}

const paid = async (payoutId: string) =>
  expect.poll(() => stateOf(database.db, payoutId), { timeout: 100_000 }).toBe('paid');

describe('docs/operations.md', () => {
  it('changes the key: refused at first, then the new one pays and the old one’s are settled', async () => {
    const next = await newKey();
    const early = await startWith(next.keystore);
    await early.says('WALLET_NOT_OF_LEDGER');
    await early.stop();
    const left = await underWay(wallet);
    const said = ['--to', next.address, '--reason', 'yearly change'];
    const dry = await openpool('wallet', 'replace', '--dry-run', ...said);
    expect(dry).toMatchObject({ code: 0, answer: { changed: true, dryRun: true } });
    expect(await openpool('wallet', 'replace', ...said)).toMatchObject({
      code: 0,
      answer: { changed: true, from: wallet.address, to: next.address },
    });
    const fresh = await reserveFor(database.db, AMOUNT_WEI);
    const bump = await openpool('payout', 'bump', left.payoutId, '--reason', 'stuck');
    expect(bump.code).toBe(1);
    await restartWith(next.keystore);
    expect(await openpool('wallet', 'show')).toMatchObject({
      code: 0,
      answer: { address: next.address },
    });
    await paid(left.payoutId);
    await paid(fresh.payoutId);
    expect((await openpool('wallet', 'show')).answer).toMatchObject({ earlier: [] });
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[left.payee, AMOUNT_WEI]]));
    expect(await paidByChain(chain, next.address)).toEqual(new Map([[fresh.payee, AMOUNT_WEI]]));
    wallet = next;
  }, 200_000);

  it('follows a leaked key: halted, replaced, adopted, resumed, and everybody is paid once', async () => {
    const reason = ['--reason', 'the key has leaked'];
    const next = await newKey();
    const robbed = await underWay(wallet);
    expect(await openpool('wallet', 'halt', ...reason)).toMatchObject({
      answer: { changed: true },
    });
    await sendForeign(chain, wallet, 1);
    await openpool('wallet', 'replace', '--to', next.address, ...reason);
    await restartWith(next.keystore);
    const dry = await openpool('wallet', 'adopt', '--dry-run', ...reason);
    expect(dry.answer).toMatchObject({ applied: false });
    await expect
      .poll(async () => (await openpool('wallet', 'adopt', ...reason)).answer['complete'], {
        ...{ timeout: 60_000, interval: 500 },
      })
      .toBe(true);
    expect(await stateOf(database.db, robbed.payoutId)).toBe('cancelled');
    const on = ['--reason', 'paid from the new wallet'];
    expect((await openpool('wallet', 'resume', ...on)).answer).toMatchObject({ halted: false });
    const again = await reserveFor(database.db, 1n, robbed.payee);
    await paid(again.payoutId);
    await openpool('payout', 'show', again.payoutId);
    const [before, after] = await Promise.all([
      paidByChain(chain, wallet.address),
      paidByChain(chain, next.address),
    ]);
    expect([before.get(robbed.payee), after.get(robbed.payee)]).toEqual([
      undefined,
      AMOUNT_WEI + 1n,
    ]);
    expect((await paidByLedger(database.db)).get(robbed.payee)).toBe(AMOUNT_WEI + 1n);
    expect(await checkInvariants(database.db)).toEqual([]);
  }, 200_000);

  it('names no command there that was not run here', () => {
    const doc = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
    const sections = doc.slice(doc.indexOf('### Change the key'), doc.indexOf('## Backup and'));
    const named = [...sections.matchAll(/`openpool ([a-z]+ [a-z]+)/g)].map(([, words]) => words);
    expect(named.length).toBeGreaterThan(8);
    for (const words of named) {
      expect(ran.some((one) => one.startsWith(words ?? '?'))).toBe(true);
    }
  });
});
