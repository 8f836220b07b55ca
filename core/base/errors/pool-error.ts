/**
 * Every error that an operator or an API client can meet has a code. The catalogue says for each
 * whether trying again can help (`final`), which HTTP status it answers with, and what to do.
 * docs/operations.md has one entry per code; a test holds the two against each other.
 */
import type { CatalogueEntry } from './catalogue-entry.js';
import { DATABASE_ERRORS } from './database-errors.js';
import { DECISION_ERRORS } from './decision-errors.js';
import { SOURCE_ERRORS } from './source-errors.js';

export const CATALOGUE = {
  ADDRESS_MALFORMED: {
    final: true,
    http: 400,
    help: 'Give an address as 0x and 40 hex digits; with mixed case its EIP-55 checksum must be right.',
  },
  PAYEE_UNKNOWN: {
    final: true,
    http: 404,
    help: 'No remote worker with this address has ever been seen: check the address.',
  },
  PAYEE_UNPAYABLE: {
    final: true,
    http: 409,
    help: 'Its destination refused a transfer. Ask the payee to fix it, then `openpool payee release <address> --reason …`.',
  },
  PAYEE_IS_WALLET: {
    final: true,
    http: 409,
    help: 'A worker was started with the address of the pool’s own wallet, which would pay itself: give the worker another address, and take what is pending with `openpool adjust`.',
  },
  PAYOUT_NOT_FOUND: {
    final: true,
    http: 404,
    help: 'List payouts with `openpool payout list` or GET /v1/payouts.',
  },
  FINDING_NOT_FOUND: {
    final: true,
    http: 404,
    help: 'List findings with `openpool finding list`.',
  },
  FINDING_RESOLVED: { final: true, http: 409, help: 'It has ended; its return is a new one.' },
  PAYOUT_NOTHING_DUE: {
    final: true,
    http: 409,
    help: 'Nothing is pending for this payee, or not enough for the threshold: pass --below-threshold (`belowThreshold` in the API) to pay it all the same.',
  },
  PAYOUT_TOO_SOON: {
    final: true,
    http: 409,
    help: 'The minimum interval between two payouts of a payee has not passed: wait, or pass --below-threshold (`belowThreshold` in the API) to pay it all the same.',
  },
  PAYOUT_ALREADY_SIGNED: {
    final: true,
    http: 409,
    help: 'A signed payout only goes forward: it may already be on chain. Bump its fee if it is stuck.',
  },
  PAYOUT_ALREADY_CLOSED: { final: true, http: 409, help: 'It has ended; nothing is left to do.' },
  PAYOUT_NOT_SIGNED: { final: true, http: 409, help: 'There is no transaction to bump yet.' },
  PAYOUT_NOT_HELD: { final: true, http: 409, help: 'Only a held payout can be resumed.' },
  REASON_MISSING: { final: true, http: 400, help: 'Say why: the reason is kept in the audit log.' },
  ...DATABASE_ERRORS,
  ...DECISION_ERRORS,
  WALLET_HALTED: {
    final: false,
    http: 409,
    help: 'Read why with `openpool wallet show`; when it is safe again: `openpool wallet resume --reason …`.',
  },
  WALLET_NOT_HALTED: {
    final: true,
    http: 409,
    help: 'Halt it first, so that nothing is signed meanwhile: `openpool wallet halt --reason …`.',
  },
  PAYMENT_UNPROVEN: {
    final: true,
    http: 409,
    help: 'Name a transaction that is final, succeeded and pays this payout’s destination; look at it in an explorer.',
  },
  REPAIR_RUNNING: {
    final: false,
    http: 409,
    help: 'Another repair of the same thing runs: wait for its end, look in the Temporal UI, then try again.',
  },
  HISTORY_BUSY: {
    final: false,
    http: 409,
    help: 'One rebuild, archive run or restore at a time: wait for the end of the one that runs, then try again.',
  },
  ARCHIVE_UNKNOWN: {
    final: true,
    http: 404,
    help: '`openpool archive list` shows the months that are in files.',
  },
  ARCHIVE_DAMAGED: {
    final: false,
    http: 500,
    help: 'A file of the archive is missing or not what it was: bring it back from a copy into `retention.archiveDir`, then `openpool archive verify`. Nothing was changed.',
  },
  RECONCILIATION_FAILED: {
    final: false,
    http: 409,
    help: 'Chain and ledger tell different things: `openpool reconcile` names them. Adopt what is foreign; look at the rest before `openpool wallet resume`.',
  },
  PAYOUT_MAY_STILL_PAY: {
    final: true,
    http: 409,
    help: 'A signed transaction of this payout may still be mined: let it settle, or bump its fee. Nothing else is safe.',
  },
  WALLET_UNKNOWN: {
    final: false,
    http: 503,
    help: 'The worker opens the wallet when it starts: start one, and look at its log.',
  },
  WALLET_NOT_OF_LEDGER: {
    final: true,
    http: 409,
    help: 'Start with the key of the wallet that pays. If another one is to pay from now on: `openpool wallet replace --to 0x… --reason …`, then start again.',
  },
  WALLET_REPLACED: {
    final: true,
    http: 409,
    help: 'Another wallet pays for this ledger by now. What the earlier one signed is sent and settled as it is; a higher fee needs its key: `openpool wallet replace` back to it, bump, and replace it again.',
  },
  REQUEST_INVALID: {
    final: true,
    http: 400,
    help: 'Give what the message asks for: `openpool <command> --help` lists a command’s options, docs/api.md the API’s routes with their fields.',
  },
  CURSOR_MALFORMED: {
    final: true,
    http: 400,
    help: 'Pass `nextCursor` of the previous page unchanged, or leave `cursor` out to start anew.',
  },
  BODY_TOO_LARGE: {
    final: true,
    http: 413,
    help: 'No request to this API needs more than 16 KiB.',
  },
  METHOD_NOT_ALLOWED: {
    final: true,
    http: 405,
    help: 'The path is right and the method is not: the header `Allow` names those that it takes.',
  },
  ROUTE_NOT_FOUND: {
    final: true,
    http: 404,
    help: 'Check the path and the method of the request.',
  },
  API_ENDED: {
    final: false,
    http: 503,
    help: 'The API is a process beside the worker: its own last lines in the log say why it ended. It is started again by itself, unless it has never listened; counting and paying go on meanwhile.',
  },
  API_BUSY: {
    final: false,
    http: 503,
    help: 'Much is being read at once, or a read took too long: ask again after `Retry-After`. Orders, health and readiness do not wait for reads without a token. If it lasts, see who reaches the API.',
  },
  API_CANNOT_LISTEN: {
    final: false,
    http: 503,
    help: 'Correct `api.host` and `api.port`, or end what listens there: two pools on one machine need two ports.',
  },
  API_TOKEN_UNSET: {
    final: true,
    http: 403,
    help: 'Set `api.token` in the configuration (from a file or the environment) and restart the API.',
  },
  API_TOKEN_WRONG: {
    final: true,
    http: 401,
    help: 'Send the configured token as `Authorization: Bearer <token>`.',
  },
  API_TOKEN_TRIED_TOO_OFTEN: {
    final: true,
    http: 429,
    help: 'Wait as long as `Retry-After` says, then send the right token. `openpool wallet halt` needs none. If these were not your tries, see who reaches the API.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    final: true,
    http: 422,
    help: 'Use a new Idempotency-Key for every new request; repeat one only with the same body.',
  },
  TEMPORAL_UNREACHABLE: {
    final: false,
    http: 503,
    help: 'Start Temporal, or correct temporal.address; workers try again by themselves. Reads, halt and resume work without it.',
  },
  WORKER_SILENT: {
    final: false,
    http: 503,
    help: 'No worker answered in time: start one, or look at its log. Asking again is harmless.',
  },
  PROCESS_STUCK: {
    final: false,
    http: 500,
    help: 'The process ended because it did not get on; whoever supervises it starts it again, and everything goes on from Postgres. If it comes back: keep the log, and see what the machine, Postgres or the endpoint that is named was doing.',
  },
  INTERNAL: {
    final: false,
    http: 500,
    help: 'A fault of the manager: its log has the details under the time of the request.',
  },
  CONFIG_FILE_EXPOSED: {
    final: true,
    http: 500,
    help: 'Run the `chmod` that is named: a secret that other users of the machine can read or change is none.',
  },
  CONFIG_FILE_UNREADABLE: {
    final: true,
    http: 500,
    help: 'Correct the path (`--config <file>` names the configuration; without it, openpool.yaml is looked for), or let the user that runs openpool read the file.',
  },
  CONFIG_SYNTAX: { final: true, http: 500, help: 'Fix the YAML at the line that is named.' },
  CONFIG_UNKNOWN_KEY: {
    final: true,
    http: 500,
    help: 'Correct or remove the key; pools/openpool.yaml has all of them.',
  },
  CONFIG_MISSING_KEY: { final: true, http: 500, help: 'Add the key: it has no default.' },
  CONFIG_UNIT: {
    final: true,
    http: 500,
    help: 'Write the quantity with one of the units that are named.',
  },
  CONFIG_VALUE: { final: true, http: 500, help: 'Give the key a value of the kind that is named.' },
  CONFIG_DUPLICATE: { final: true, http: 500, help: 'Keep one of the two.' },
  CONFIG_VARIABLE_UNSET: {
    final: true,
    http: 500,
    help: 'Set the environment variable before the start, or name a file instead.',
  },
  WALLET_ADDRESS_WRONG: {
    final: true,
    http: 500,
    help: 'Correct wallet.address, or name the keystore of that wallet in wallet.keystoreFile.',
  },
  SEARCH_ATTRIBUTE_TYPE: {
    final: true,
    http: 500,
    help: 'Remove the search attribute of the wrong type with the command that is named; the worker adds it again.',
  },
  KEYSTORE_MALFORMED: {
    final: true,
    http: 500,
    help: 'wallet.keystoreFile must name a geth JSON keystore (version 3), whole and unchanged.',
  },
  KEYSTORE_PASSPHRASE_WRONG: {
    final: true,
    http: 500,
    help: 'Check the file at wallet.passphraseFile: the passphrase alone, of this very keystore. `openpool config check` names what stands around it.',
  },
  SIGNER_UNREACHABLE: {
    final: false,
    http: 503,
    help: 'Check wallet.remote (url, certificates, timeout) and that the remote signer runs. Nothing is signed meanwhile, and payouts go on by themselves.',
  },
  SIGNER_REFUSED: {
    final: false,
    http: 502,
    help: 'The remote signer says no: see its log, who it lets in (wallet.remote.certFile, tokenFile) and whether it holds the key. Payouts go on by themselves.',
  },
  SIGNER_ADDRESS_MISSING: {
    final: true,
    http: 500,
    help: 'Load the key of wallet.address into the remote signer, or correct wallet.address.',
  },
  SIGNER_MISMATCH: {
    final: false,
    http: 409,
    help: 'The remote signer signed something else than it was given: nothing of it was stored or sent. See its chain id and its key, and who else can reach it, before `openpool wallet resume`.',
  },
  LEDGER_UNKNOWN: {
    final: false,
    http: 503,
    help: 'The first start of a worker or API writes down which pool the database belongs to: start one, then try again.',
  },
  LEDGER_OF_ANOTHER_POOL: {
    final: true,
    http: 500,
    help: 'The database is the ledger of another pool: correct `database`, or take `pool.id` out of the configuration. Give every pool a database of its own.',
  },
  LEDGER_OF_ANOTHER_CHAIN: {
    final: true,
    http: 500,
    help: 'The database is the ledger of a pool on another chain, and what it owes is owed there: correct chain.id and chain.rpcUrls, or `database`. A pool on a second chain needs a database of its own.',
  },
  CHAIN_ID_WRONG: {
    final: true,
    http: 500,
    help: 'No RPC endpoint that answers serves the chain of chain.id: correct chain.rpcUrls or chain.id.',
  },
  CHAIN_NOT_OURS: {
    final: true,
    http: 409,
    help: 'The RPC endpoints show another chain than the one that the ledger pays on: a provider’s mix-up, a wrong URL, or a network that was set up anew. Nothing was booked. Look in an explorer for the wallet and for the block that is named, correct chain.rpcUrls or ask the provider, then try again: what is signed settles by itself.',
  },
  CHAIN_UNREACHABLE: {
    final: false,
    http: 503,
    help: 'No RPC endpoint gives a usable answer: look at chain.rpcUrls and the network. Nothing is decided meanwhile.',
  },
  TERMS_UNKNOWN: {
    final: false,
    http: 503,
    help: 'The worker records threshold and commission when it starts: start one, and look at its log.',
  },
  HALTED_BY_OPERATOR: {
    final: false,
    http: 409,
    help: 'A person stopped all payouts; the reason stands beside it. When it is safe again: `openpool wallet resume --reason …`.',
  },
  PAYOUTS_SWITCHED_OFF: {
    final: false,
    http: 409,
    help: 'The configuration stops all payouts: set `pool.payoutsEnabled: true` and restart the workers.',
  },
  NONCE_AHEAD_OF_LEDGER: {
    final: false,
    http: 409,
    help: 'The key was used elsewhere: by a second manager, a person, or by this one before an old backup was restored. Find the wallet in an explorer of the pool’s own chain: when it shows the same transactions, `openpool wallet adopt` books what they paid; when it does not, the RPC endpoints are wrong, and nothing is to be adopted.',
  },
  NONCE_TAKEN_BY_UNKNOWN: {
    final: false,
    http: 409,
    help: 'A transaction that is not ours took the nonce of a signed payout. Look in an explorer of the pool’s own chain that it did; stop whatever else uses the key; then `openpool wallet adopt` books what that transaction paid.',
  },
  WALLET_USED_BEFORE: {
    final: false,
    http: 409,
    help: 'The wallet has sent transactions that this ledger knows nothing about: they may have paid what is pending. When this ledger has paid from it before, and an older backup does not know: `openpool wallet adopt --from <nonce>`, from its first payment for this pool on. When they paid nobody of this pool, say how many they are in wallet.acceptedTransactions.',
  },
  TRANSACTION_MISMATCH: {
    final: false,
    http: 409,
    help: 'The chain shows another transaction than was signed. Check the RPC endpoints against an explorer before `openpool wallet resume`.',
  },
  AUDIT_BEHIND: {
    final: false,
    http: 503,
    help: 'A worker’s audit goes on from where it came to, at its start and every hour: `openpool audit run` starts one now. Try again when it has ended.',
  },
  INVARIANT_BROKEN: {
    final: false,
    http: 409,
    help: 'The ledger contradicts itself; the findings say where. Pay nothing, keep a copy of the database, and look.',
  },
  ...SOURCE_ERRORS,
} as const satisfies Record<string, CatalogueEntry>;

export type PoolErrorCode = keyof typeof CATALOGUE;

/** An error with a code of the catalogue; `message` tells the case at hand with its values. */
export class PoolError extends Error {
  override readonly name = 'PoolError';

  constructor(
    readonly code: PoolErrorCode,
    message: string,
    readonly detail: Readonly<Record<string, string>> = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }

  /** True when trying the same again cannot help. */
  get final(): boolean {
    return CATALOGUE[this.code].final;
  }

  /** What the reader can do about it. */
  get help(): string {
    return CATALOGUE[this.code].help;
  }
}
