import { type Address, payableAddress } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import { ChainError } from '../chain/endpoint-error.js';
import type { GivenOrder } from '../orders/rules/order-kinds.js';
import {
  openedWallets,
  payingWallet,
  walletsAtWork,
} from '../payouts/store/wallet/paying-wallet.js';
import { depsWithoutKey, type MoneyDeps } from '../payouts/wallet/money-deps.js';
import { adoptWallet } from './adoption.js';
import type { AdoptionReport } from './rules/check-reports.js';

/**
 * Adopts what every wallet of this ledger sent without the ledger's knowledge, and reports on all of them in one
 * answer. A person may name one more wallet: a ledger restored from an older backup may have paid from a wallet that
 * it does not know.
 */
export async function adoptWallets(
  deps: MoneyDeps,
  { paidFrom, ...input }: GivenOrder<'wallet.adopt'>,
  onProgress: (words: string) => void = () => undefined,
): Promise<AdoptionReport> {
  const reports: AdoptionReport[] = [];
  const asked = new Set(await walletsAtWork(deps.db, deps.chain.chainId)).add(deps.signer.address);
  const named = paidFrom && (await namedWallet(deps, paidFrom.wallet));
  for (const each of await everyWallet(deps, named)) {
    const { address } = each.signer;
    onProgress(`looking for what ${address} did`);
    const isAsked = asked.has(address) || address === named;
    const start = paidFrom !== undefined && address === named ? { paidFrom: paidFrom.nonce } : {};
    const adopting = adoptWallet(each, { ...input, ...start });
    const report = await (isAsked ? adopting : adopting.catch((error) => untold(input, error)));
    reports.push(address === deps.signer.address ? report : sayWhose(report, address));
  }
  return {
    applied: !input.dryRun,
    complete: reports.every(({ complete }) => complete),
    waiting: reports.find(({ waiting }) => waiting !== null)?.waiting ?? null,
    findings: reports.flatMap(({ findings }) => findings),
  };
}

async function namedWallet(deps: MoneyDeps, said: string | null): Promise<Address> {
  const address = said ?? (await payingWallet(deps.db))?.address;
  const named = payableAddress(address);
  if (named !== undefined) return named;
  throw new PoolError('ADDRESS_MALFORMED', `"${address}" is no address of a wallet`);
}

/**
 * Lists every wallet that was ever opened, this process's own first. A wallet without open payouts may have been used
 * since, and nothing else asks the chain about it.
 */
async function everyWallet(
  deps: MoneyDeps,
  named: Address | undefined,
): Promise<readonly MoneyDeps[]> {
  const opened = await openedWallets(deps.db, deps.chain.chainId);
  const all = new Set([...opened, ...(named === undefined ? [] : [named])]);
  all.delete(deps.signer.address);
  return [deps, ...[...all].map((address) => depsWithoutKey(deps, address))];
}

/**
 * Builds the report for a wallet with nothing left to settle, for when the endpoints cannot tell what it sent, so the
 * other wallets are adopted anyway.
 */
function untold({ dryRun }: { readonly dryRun: boolean }, error: unknown): AdoptionReport {
  if (!(error instanceof ChainError)) throw error;
  const waiting = `what it has sent cannot be told: ${error.message}`;
  return { applied: !dryRun, complete: false, waiting, findings: [] };
}

function sayWhose(report: AdoptionReport, wallet: Address): AdoptionReport {
  const whose = (words: string) => `${wallet}: ${words}`;
  return {
    ...report,
    waiting: report.waiting === null ? null : whose(report.waiting),
    findings: report.findings.map((one) => ({ ...one, words: whose(one.words) })),
  };
}
