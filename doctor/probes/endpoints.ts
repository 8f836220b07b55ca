/** Asks the RPC endpoints what a worker asks, and holds their answers against each other. */
import type { Config } from '../../config/config.js';
import type { Address } from '../../core/base/address.js';
import { duration } from '../../core/base/duration.js';
import { ChainError } from '../../core/chain/endpoint-error.js';
import type { WalletView } from '../../core/chain/node-reads.js';
import { rpcHost } from '../../core/chain/rpc/rpc-address.js';
import { laggingHeads } from '../../core/diagnosis/rules/heads.js';
import {
  hostWarnings,
  type RightEndpoint,
  type SeenEndpoint,
  smallBatches,
} from '../../start/checking/endpoint-survey.js';
import { type Findings, Unusable } from '../examination.js';

type Right = readonly RightEndpoint[];

/** How many hosts must agree before anything that cannot be undone. */
function quorumOf({ chain }: Config): number {
  return Math.min(2, new Set(chain.rpcUrls.map(rpcHost)).size);
}

/** Says which endpoints are silent. Ends when none answers at all. */
export async function probeAnswering(
  seen: readonly SeenEndpoint[],
  config: Config,
  findings: Findings,
): Promise<void> {
  for (const what of hostWarnings(config.chain.rpcUrls))
    findings.warn('ENDPOINTS_TOO_FEW', { what });
  const silent = seen.filter(({ kind }) => kind === 'silent');
  const isEnough = hostsOf(seen, 'right') >= quorumOf(config);
  for (const one of silent) {
    if (one.kind !== 'silent') continue;
    const tell = isEnough ? findings.warn : findings.fail;
    tell('ENDPOINT_SILENT', { subject: one.name, what: one.message });
  }
  if (silent.length === seen.length) throw new Unusable();
  const answering = seen.filter(({ kind }) => kind !== 'silent').map(({ name }) => name);
  findings.pass(`${answering.join(', ')} ${answering.length === 1 ? 'answers' : 'answer'}`);
}

const hostsOf = (seen: readonly SeenEndpoint[], kind: SeenEndpoint['kind']): number =>
  new Set(seen.filter((one) => one.kind === kind).map(({ name }) => name)).size;

/** Says which endpoints serve another chain, and returns those of ours. Ends when there is none. */
export async function probeChain(
  seen: readonly SeenEndpoint[],
  config: Config,
  findings: Findings,
): Promise<Right> {
  const right = seen.filter((one) => one.kind === 'right');
  const isEnough = hostsOf(seen, 'right') >= quorumOf(config);
  for (const one of seen) {
    if (one.kind !== 'wrong') continue;
    const tell = isEnough ? findings.warn : findings.fail;
    tell('ENDPOINT_OF_ANOTHER_CHAIN', { subject: one.name, what: one.message });
  }
  if (right.length === 0) throw new Unusable();
  findings.pass(`${right.map(({ name }) => name).join(', ')}: chain ${config.chain.chainId}`);
  return right;
}

/** Says what endpoints refuse, and which take small batches only. */
export async function probeQuestions(right: Right, findings: Findings): Promise<void> {
  let wellCount = 0;
  for (const one of right) {
    const subject = one.name;
    for (const { neededFor, words } of one.refusals) {
      const code = neededFor === 'history' ? 'ENDPOINT_WITHOUT_HISTORY' : 'ENDPOINT_REFUSES';
      findings.warn(code, { subject, what: `${subject} ${words}` });
    }
    if (one.mostCalls !== null) {
      findings.warn('ENDPOINT_BATCHES_SMALL', { subject, what: smallBatches(one, one.mostCalls) });
    }
    if (one.refusals.length === 0 && one.mostCalls === null) wellCount += 1;
  }
  if (wellCount > 0) {
    findings.pass('receipts, blocks, gas, and the state of six hours ago are told, in batches');
  }
}

/** Says which endpoints lag behind another one, and returns the others. */
export async function probeLag(right: Right, config: Config, findings: Findings): Promise<Right> {
  const lagging = laggingHeads(right, config.chain.maxHeadAgeMs);
  const names = new Set(lagging.map(({ name }) => name));
  const current = right.filter(({ name }) => !names.has(name));
  for (const { name, behindMs } of lagging) {
    const tell = hostsOf(current, 'right') >= quorumOf(config) ? findings.warn : findings.fail;
    const what = `${name} is ${duration(behindMs)} behind the newest block`;
    tell('ENDPOINT_LAGS', { subject: name, what });
  }
  if (current.length > 0) findings.pass(`${current.map(({ name }) => name).join(', ')}: in step`);
  return current;
}

/** How one endpoint sees the wallet. */
interface View {
  readonly name: string;
  readonly view: WalletView;
}

/** Compares a block that all of them must have, and the wallet in it. Returns the view of the wallet. */
export async function probeAgreement(
  right: Right,
  { wallet, config }: { readonly wallet: Address; readonly config: Config },
  findings: Findings,
): Promise<WalletView> {
  const views = await viewsOf(right, wallet);
  const [first] = views;
  if (first === undefined) throw new ChainError('unreachable', 'no endpoint shows the wallet');
  const depth = config.chain.confirmations;
  const block = Math.max(Math.min(...views.map(({ view }) => view.head.number)) - depth, 0);
  const said = await Promise.all(right.map(async (one) => sayOf(one, wallet, block)));
  const told = said.flatMap(({ name, words }) => (words === undefined ? [] : [{ name, words }]));
  const versions = new Set(told.map(({ words }) => words));
  if (versions.size > 1) {
    const what = told.map(({ name, words }) => `${name} says ${words}`).join('; ');
    findings.fail('ENDPOINTS_DISAGREE', { what: `of block ${block} ${what}` });
  } else if (told.length > 1) {
    findings.pass(
      `${told.length} endpoints say the same of block ${block} and of the wallet in it`,
    );
  } else {
    findings.pass(`${first.name} alone speaks of block ${block}: nobody confirms it`);
  }
  return first.view;
}

async function viewsOf(right: Right, wallet: Address): Promise<readonly View[]> {
  const all = await Promise.all(
    right.map(async ({ name, reads }) => {
      const view = await unlessSilent(() => reads.walletView(wallet));
      return view === undefined ? [] : [{ name, view }];
    }),
  );
  return all.flat();
}

/** Reads one endpoint's words about the block and the wallet; undefined when it does not know them. */
async function sayOf({ name, reads }: RightEndpoint, wallet: Address, block: number) {
  const words = await unlessSilent(async () => {
    const [headers, nonce, balanceWei] = await Promise.all([
      reads.headers([block]),
      reads.nonceAt(wallet, block),
      reads.balanceAt(wallet, block),
    ]);
    const hash = headers.get(block)?.hash;
    return hash && `hash ${hash.slice(0, 12)}…, nonce ${nonce}, balance ${balanceWei} wei`;
  });
  return { name, words };
}

async function unlessSilent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ChainError) return undefined;
    throw error;
  }
}
