/**
 * Lists every error that an operator or an API client can meet: whether repeating the same call can never help
 * (`final`), its HTTP status, and what the reader can do. The order and the headings are those of docs/operations.md,
 * whose tables `npm run error-table` writes from here.
 */

export interface CatalogueEntry {
  readonly final: boolean;
  readonly http: number;
  readonly help: string;
}

type Errors = Readonly<Record<string, CatalogueEntry>>;

// biome-ignore format: one line for each error
const START = {
  CONFIG_FILE_UNREADABLE: { final: true, http: 500, help: 'Correct the path (`--config <file>` names the configuration; without it, openpool.yaml is looked for), or let the user that runs openpool read the file.' },
  CONFIG_FILE_EXPOSED: { final: true, http: 500, help: 'Run the `chmod` that is named: a secret that other users of the machine can read or change is none.' },
  CONFIG_SYNTAX: { final: true, http: 500, help: 'Fix the YAML at the line that is named.' },
  CONFIG_UNKNOWN_KEY: { final: true, http: 500, help: 'Correct or remove the key; pools/openpool.yaml has all of them.' },
  CONFIG_MISSING_KEY: { final: true, http: 500, help: 'Add the key: it has no default.' },
  CONFIG_UNIT: { final: true, http: 500, help: 'Write the quantity with one of the units that are named.' },
  CONFIG_VALUE: { final: true, http: 500, help: 'Give the key a value of the kind that is named.' },
  CONFIG_DUPLICATE: { final: true, http: 500, help: 'Keep one of the two.' },
  CONFIG_TEMPORARY_DATABASE: { final: true, http: 500, help: 'Give `database.embedded`, or a Postgres of your own: `database.temporary` is for a look at a pool on a chain that this machine makes, which is thrown away as the ledger is.' },
  CONFIG_VARIABLE_UNSET: { final: true, http: 500, help: 'Set the environment variable before the start, or name a file instead.' },
  WALLET_ADDRESS_WRONG: { final: true, http: 500, help: 'Correct wallet.address, or name the keystore of that wallet in wallet.keystoreFile.' },
  SEARCH_ATTRIBUTE_TYPE: { final: true, http: 500, help: 'Remove the search attribute of the wrong type with the command that is named; the worker adds it again.' },
  DATABASE_TOO_OLD: { final: true, http: 500, help: 'openpool needs Postgres 17 or newer: upgrade the server (pg_upgrade, or dump and restore), or name another one in `database`.' },
  DATABASE_SCHEMA_NEWER: { final: true, http: 500, help: 'A newer openpool has brought the database to its own version, and this one would write what that one misreads. Run the newer one; to go back, restore a backup from before it and read docs/operations.md, Backup and restore, first.' },
  DATABASE_ENCODING_WRONG: { final: true, http: 500, help: 'Make the database anew with the encoding UTF8 (CREATE DATABASE … TEMPLATE template0 ENCODING UTF8): in another one, what orchestrators say cannot be kept as it was said.' },
  DATABASE_POOLED: { final: true, http: 500, help: 'What stands between openpool and Postgres gives each transaction another session, and locks that openpool holds in its session guard money: point `database.url` at Postgres itself, or set `pool_mode = session` for this database in PgBouncer.' },
  METRICS_CANNOT_LISTEN: { final: false, http: 503, help: 'The worker goes on without metrics. Correct `metrics.workerAddress`: each worker of a machine needs a port of its own.' },
  API_CANNOT_LISTEN: { final: false, http: 503, help: 'Correct `api.host` and `api.port`, or end what listens there: two pools on one machine need two ports.' },
  STATE_DIRECTORY_UNUSABLE: { final: false, http: 503, help: 'Give the directory that is named (`database.embedded.dir`, `retention.archiveDir`) a disk that can be written and has room, and to the user that runs openpool; then start again, or wait for the next run of the archive. What was there before is untouched.' },
  DATABASE_NOT_SET_UP: { final: false, http: 503, help: 'The embedded Postgres could not be made, or brought over from the version before; the message has what it said. What the ledger says was not touched: keep a copy of the directory, correct what is named and start again, which goes on where it was.' },
  DATABASE_NOT_STARTED: { final: false, http: 503, help: 'The embedded Postgres did not start: the message has its last words, server.log in its directory all of them. Correct what they name and start again. Of a lock file that exists: when no postgres of this directory runs, remove postmaster.pid there.' },
  DATABASE_IN_USE: { final: false, http: 503, help: 'Stop every worker, API and tool that uses the embedded Postgres, then start again.' },
  DATABASE_PASSWORD_WRONG: { final: true, http: 500, help: 'The password in openpool.pgpass, in the directory of the embedded Postgres, is not that of its role. Stop every worker and API, end the server (kill -INT, its pid is in postmaster.pid), remove that file and start again: a new password is made.' },
  KEYSTORE_MALFORMED: { final: true, http: 500, help: 'wallet.keystoreFile must name a geth JSON keystore (version 3), whole and unchanged.' },
  KEYSTORE_PASSPHRASE_WRONG: { final: true, http: 500, help: 'Check the file at wallet.passphraseFile: the passphrase alone, of this very keystore. `openpool config check` names what stands around it.' },
  SIGNER_ADDRESS_MISSING: { final: true, http: 500, help: 'Load the key of wallet.address into the remote signer, or correct wallet.address.' },
  LEDGER_UNKNOWN: { final: false, http: 503, help: 'The first start of a worker or API writes down which pool the database belongs to: start one, then try again.' },
  LEDGER_OF_ANOTHER_POOL: { final: true, http: 500, help: 'The database is the ledger of another pool: correct `database`, or take `pool.id` out of the configuration. Give every pool a database of its own.' },
  LEDGER_OF_ANOTHER_CHAIN: { final: true, http: 500, help: 'The database is the ledger of a pool on another chain, and what it owes is owed there: correct chain.id and chain.rpcUrls, or `database`. A pool on a second chain needs a database of its own.' },
  CHAIN_ID_WRONG: { final: true, http: 500, help: 'No RPC endpoint that answers serves the chain of chain.id: correct chain.rpcUrls or chain.id.' },
} as const satisfies Errors;

// biome-ignore format: one line for each error
const LEDGER = {
  WALLET_HALTED: { final: false, http: 409, help: 'Read why with `openpool wallet show`; when it is safe again: `openpool wallet resume --reason …`.' },
  WALLET_NOT_HALTED: { final: true, http: 409, help: 'Halt it first, so that nothing is signed meanwhile: `openpool wallet halt --reason …`.' },
  PAYMENT_UNPROVEN: { final: true, http: 409, help: 'Name a transaction that is final, succeeded and pays this payout’s destination; look at it in an explorer.' },
  REPAIR_RUNNING: { final: false, http: 409, help: 'Another repair of the same thing runs: wait for its end, look in the Temporal UI, then try again.' },
  HISTORY_BUSY: { final: false, http: 409, help: 'One rebuild, archive run or restore at a time: wait for the end of the one that runs, then try again.' },
  BACKUP_TOOLS_MISSING: { final: true, http: 500, help: 'Install the client programs of Postgres, of the version that is named or newer (`postgresql-client-18`), or name their directory with `--pg-bin`.' },
  BACKUP_FAILED: { final: false, http: 500, help: 'The message has the last words of pg_dump or pg_restore: correct what they name and try again. Nothing was changed, and no file was left behind.' },
  ARCHIVE_UNKNOWN: { final: true, http: 404, help: '`openpool archive list` shows the months that are in files.' },
  ARCHIVE_DAMAGED: { final: false, http: 500, help: 'A file of the archive is missing or not what it was: bring it back from a copy into `retention.archiveDir`, then `openpool archive verify`. Nothing was changed.' },
  RECONCILIATION_FAILED: { final: false, http: 409, help: 'Chain and ledger tell different things: `openpool reconcile` names them. Adopt what is foreign; look at the rest before `openpool wallet resume`.' },
  PAYOUT_MAY_STILL_PAY: { final: true, http: 409, help: 'A signed transaction of this payout may still be mined: let it settle, or bump its fee. Nothing else is safe.' },
  WALLET_NOT_OF_LEDGER: { final: true, http: 409, help: 'Start with the key of the wallet that pays. If another one is to pay from now on: `openpool wallet replace --to 0x… --reason …`, then start again.' },
  WALLET_REPLACED: { final: true, http: 409, help: 'Another wallet pays for this ledger by now. What the earlier one signed is sent and settled as it is; a higher fee needs its key: `openpool wallet replace` back to it, bump, and replace it again.' },
  WALLET_UNKNOWN: { final: false, http: 503, help: 'The worker opens the wallet when it starts: start one, and look at its log.' },
  CHAIN_NOT_OURS: { final: true, http: 409, help: 'The RPC endpoints show another chain than the one that the ledger pays on: a provider’s mix-up, a wrong URL, or a network that was set up anew. Nothing was booked. Look in an explorer for the wallet and for the block that is named, correct chain.rpcUrls or ask the provider, then try again: what is signed settles by itself.' },
  CHAIN_UNREACHABLE: { final: false, http: 503, help: 'No RPC endpoint gives a usable answer: look at chain.rpcUrls and the network. Nothing is decided meanwhile.' },
  SIGNER_UNREACHABLE: { final: false, http: 503, help: 'Check wallet.remote (url, certificates, timeout) and that the remote signer runs. Nothing is signed meanwhile, and payouts go on by themselves.' },
  SIGNER_REFUSED: { final: false, http: 502, help: 'The remote signer says no: see its log, who it lets in (wallet.remote.certFile, tokenFile) and whether it holds the key. Payouts go on by themselves.' },
  SIGNER_MISMATCH: { final: false, http: 409, help: 'The remote signer signed something else than it was given: nothing of it was stored or sent. See its chain id and its key, and who else can reach it, before `openpool wallet resume`.' },
  TERMS_UNKNOWN: { final: false, http: 503, help: 'The worker records threshold and commission when it starts: start one, and look at its log.' },
  HALTED_BY_OPERATOR: { final: false, http: 409, help: 'A person stopped all payouts; the reason stands beside it. When it is safe again: `openpool wallet resume --reason …`.' },
  PAYOUTS_SWITCHED_OFF: { final: false, http: 409, help: 'The configuration stops all payouts: set `pool.payoutsEnabled: true` and restart the workers.' },
  NONCE_AHEAD_OF_LEDGER: { final: false, http: 409, help: 'The key was used elsewhere: by a second manager, a person, or by this one before an old backup was restored. Find the wallet in an explorer of the pool’s own chain: when it shows the same transactions, `openpool wallet adopt` books what they paid; when it does not, the RPC endpoints are wrong, and nothing is to be adopted.' },
  NONCE_TAKEN_BY_UNKNOWN: { final: false, http: 409, help: 'A transaction that is not ours took the nonce of a signed payout. Look in an explorer of the pool’s own chain that it did; stop whatever else uses the key; then `openpool wallet adopt` books what that transaction paid.' },
  WALLET_USED_BEFORE: { final: false, http: 409, help: 'The wallet has sent transactions that this ledger knows nothing about: they may have paid what is pending. When this ledger has paid from it before, and an older backup does not know: `openpool wallet adopt --from <nonce>`, from its first payment for this pool on. When they paid nobody of this pool, say how many they are in wallet.acceptedTransactions.' },
  TRANSACTION_MISMATCH: { final: false, http: 409, help: 'The chain shows another transaction than was signed. Check the RPC endpoints against an explorer before `openpool wallet resume`.' },
  AUDIT_BEHIND: { final: false, http: 503, help: 'A worker’s audit goes on from where it came to, at its start and every hour: `openpool audit run` starts one now. Try again when it has ended.' },
  INVARIANT_BROKEN: { final: false, http: 409, help: 'The ledger contradicts itself; the findings say where. Pay nothing, keep a copy of the database, and look.' },
} as const satisfies Errors;

// biome-ignore format: one line for each error
const SOURCES = {
  SOURCE_UNKNOWN: { final: true, http: 404, help: 'Name a source of the configuration; its worker registers it when it starts.' },
  SOURCE_READ_TWICE: { final: true, http: 409, help: 'Two sources give the same events, which would count twice: keep the first id and take the other out of the configuration. A dump of an orchestrator says `of: <its id>`, another address of it is `openpool source move`; then, or when the source reads something else by now, `openpool source resume <id> --reason …`, which is safe: it is compared again.' },
  SOURCE_MOVED: { final: true, http: 409, help: 'The same orchestrator at another address: `openpool source move <id> --to <place> --reason …` with the place that is named, then restart the workers. Another orchestrator: give it a new id and a `from` that begins where the old one ended.' },
  SOURCE_MOVE_UNPROVEN: { final: true, http: 409, help: 'Nothing of it was counted. See whether the address is right. If it is the same orchestrator and its history is lost (a wiped datadir): `openpool source move <id> --to <place> --accept --reason …`.' },
  SOURCE_NOT_STOPPED: { final: true, http: 409, help: 'It is read as ever: `openpool source list` shows which are stopped, and for what.' },
  SOURCE_OF_UNFITTING: { final: true, http: 500, help: 'A dump belongs to one source, whose id, region and nodeType it repeats; `openpool source list` shows the ids, also of sources that were removed.' },
  SYNC_FAILED: { final: false, http: 500, help: 'The pass goes on by itself where it was; the message and the log of the worker say what stopped it.' },
  EVENT_SOURCE_KIND_UNKNOWN: { final: true, http: 500, help: 'Correct `kind` of the source; core/events/sources/README.md lists the kinds.' },
  EVENT_SOURCE_OPTIONS: { final: true, http: 500, help: 'Correct the options of the source that are named; pools/openpool.yaml has examples.' },
  EVENT_SOURCE_MODULE_NOT_FOUND: { final: true, http: 500, help: 'Correct `module` of the source (a path from the configuration’s directory begins with ./ or ../), or install the package beside the configuration.' },
  EVENT_SOURCE_MODULE_INVALID: { final: true, http: 500, help: 'Tell the author of the module: it must load, export createEventSource and make a source; core/events/sources/README.md says how.' },
  EVENT_SOURCE_MODULE_FAILED: { final: false, http: 502, help: 'The module failed with an error of its own: see what it says, and ask its author. The next pass goes on.' },
  EVENT_SOURCE_FILE_UNREADABLE: { final: false, http: 502, help: 'Correct `path` in the options, let the user that runs openpool read the file, or copy it again if it is damaged.' },
  EVENT_SOURCE_UNREACHABLE: { final: false, http: 502, help: 'Check that the orchestrator or the storage runs and that its address and port are right.' },
  EVENT_SOURCE_TLS: { final: false, http: 502, help: 'The certificate cannot be verified: give `caFile` in the options, or for an orchestrator `insecure: true` if you must.' },
  EVENT_SOURCE_TIMEOUT: { final: false, http: 504, help: 'The orchestrator or the storage is too slow or hangs: look at it, or raise the time-out that is named.' },
  EVENT_SOURCE_UNAUTHORIZED: { final: false, http: 502, help: 'Correct `basicAuth` or `headers` in the options of the source; of a bucket `accessKey` and `secretKey`, what they may do (list the bucket, get its objects) and the clock of this machine.' },
  EVENT_SOURCE_BAD_REQUEST: { final: false, http: 502, help: 'The orchestrator or the storage did not understand the question: see its version and what stands in front of it; of a bucket `region` and `endpoint` too.' },
  EVENT_SOURCE_HTTP_STATUS: { final: false, http: 502, help: 'Look at the orchestrator or the storage and at the proxy in front of it.' },
  EVENT_SOURCE_BUCKET_MISSING: { final: false, http: 502, help: 'The storage has no such bucket: correct `bucket` and `endpoint` in the options, or make the bucket.' },
  EVENT_SOURCE_NOT_JSON: { final: false, http: 502, help: 'Something else answers there, such as a login page: check the endpoint and what stands in front of it.' },
  EVENT_SOURCE_TRUNCATED: { final: false, http: 502, help: 'The answer, or the file, ended early. What came is kept and the next pass goes on; if it stays, look at time-outs of the proxy, or copy the file again. Of a bucket also: a full page of the listing does not say whether that was all (no `IsTruncated`): update the storage or what stands before it.' },
  EVENT_SOURCE_TOO_LARGE: { final: false, http: 502, help: 'The answer is larger than `maxAnswer` in the options: raise it if the orchestrator is right.' },
} as const satisfies Errors;

// biome-ignore format: one line for each error
const REQUESTS = {
  ADDRESS_MALFORMED: { final: true, http: 400, help: 'Give an address as 0x and 40 hex digits; with mixed case its EIP-55 checksum must be right.' },
  PAYEE_UNKNOWN: { final: true, http: 404, help: 'No remote worker with this address has ever been seen: check the address.' },
  PAYEE_IS_WALLET: { final: true, http: 409, help: 'A worker was started with the address of the pool’s own wallet, which would pay itself: give the worker another address, and take what is pending with `openpool adjust`.' },
  PAYEE_UNPAYABLE: { final: true, http: 409, help: 'Its destination refused a transfer. Ask the payee to fix it, then `openpool payee release <address> --reason …`.' },
  PAYOUT_NOT_FOUND: { final: true, http: 404, help: 'List payouts with `openpool payout list` or GET /v1/payouts.' },
  NOTIFIER_KIND_UNKNOWN: { final: true, http: 500, help: 'Correct `kind` of the notice target; docs/notices.md lists the kinds.' },
  NOTIFIER_OPTIONS: { final: true, http: 500, help: 'Correct the options of the notice target that are named; docs/notices.md and pools/openpool.yaml have examples.' },
  NOTIFIER_MODULE_NOT_FOUND: { final: true, http: 500, help: 'Correct `module` of the notice target (a path from the configuration’s directory begins with ./ or ../), or install the package beside the configuration.' },
  NOTIFIER_MODULE_INVALID: { final: true, http: 500, help: 'Tell the author of the module: it must load, export createNotifier and make a notifier; docs/notices.md says how.' },
  NOTICE_TARGET_UNKNOWN: { final: false, http: 404, help: 'Name a target of `notices.targets` in the configuration of a running worker; a worker that was started before it was added is to be restarted.' },
  NOTICE_UNKNOWN: { final: true, http: 404, help: 'List notices with `openpool notice list`; those older than 90 days are forgotten.' },
  OVERRIDE_NOT_FOUND: { final: true, http: 404, help: 'List overrides with `openpool guard overrides`.' },
  FINDING_NOT_FOUND: { final: true, http: 404, help: 'List findings with `openpool finding list`.' },
  FINDING_RESOLVED: { final: true, http: 409, help: 'It has ended; its return is a new one.' },
  ROUND_DIFFERS: { final: true, http: 409, help: "Look at the new preview and confirm that one. Fees are credited all the time: to keep them still while you look, pause the sync (`openpool sync pause --reason …`), and end backfills and retries. Nothing was reserved." },
  PAYOUT_NOTHING_DUE: { final: true, http: 409, help: 'Nothing is pending for this payee, or not enough for the threshold: pass --below-threshold (`belowThreshold` in the API) to pay it all the same.' },
  PAYOUT_TOO_SOON: { final: true, http: 409, help: 'The minimum interval between two payouts of a payee has not passed: wait, or pass --below-threshold (`belowThreshold` in the API) to pay it all the same.' },
  PAYEE_REFUSED: { final: true, http: 409, help: 'The policy does not admit this payee or holds it, or the payee has paused its payouts: `openpool payee invite` lets in who is not invited; `--despite-rules` (`despiteRules` in the API) pays it all the same, and the audit log says so.' },
  PAYOUT_ALREADY_SIGNED: { final: true, http: 409, help: 'A signed payout only goes forward: it may already be on chain. Bump its fee if it is stuck.' },
  PAYOUT_ALREADY_CLOSED: { final: true, http: 409, help: 'It has ended; nothing is left to do.' },
  PAYOUT_NOT_SIGNED: { final: true, http: 409, help: 'There is no transaction to bump yet.' },
  PAYOUT_NOT_HELD: { final: true, http: 409, help: 'Only a held payout can be resumed.' },
  REASON_MISSING: { final: true, http: 400, help: 'Say why: the reason is kept in the audit log.' },
  REQUEST_INVALID: { final: true, http: 400, help: 'Give what the message asks for: `openpool <command> --help` lists a command’s options, docs/api.md the API’s routes with their fields.' },
  CURSOR_MALFORMED: { final: true, http: 400, help: 'Pass `nextCursor` of the previous page unchanged, or leave `cursor` out to start anew.' },
  BODY_TOO_LARGE: { final: true, http: 413, help: 'No request to this API needs more than 16 KiB.' },
  METHOD_NOT_ALLOWED: { final: true, http: 405, help: 'The path is right and the method is not: the header `Allow` names those that it takes.' },
  ROUTE_NOT_FOUND: { final: true, http: 404, help: 'Check the path and the method of the request.' },
  API_ENDED: { final: false, http: 503, help: 'The API is a process beside the worker: its own last lines in the log say why it ended. It is started again by itself, unless it has never listened; counting and paying go on meanwhile.' },
  API_BUSY: { final: false, http: 503, help: 'Much is being read at once, or a read took too long: ask again after `Retry-After`. Orders, health and readiness do not wait for reads without a token. If it lasts, see who reaches the API.' },
  API_TOKEN_WRONG: { final: true, http: 401, help: 'Send a token that is accepted as `Authorization: Bearer <token>`: one that `openpool token create` made, or the configured `api.token`.' },
  API_TOKEN_ROLE_TOO_LOW: { final: true, http: 403, help: 'Use a token whose role is the one that is named, or a higher one: `openpool token create --role …` makes it.' },
  API_TOKEN_NAME_TAKEN: { final: true, http: 409, help: 'Choose another name, or revoke the token of that name first: the audit log names who decided by it.' },
  API_TOKEN_UNKNOWN: { final: true, http: 404, help: '`openpool token list` shows the tokens that there are.' },
  API_TOKEN_TRIED_TOO_OFTEN: { final: true, http: 429, help: 'Wait as long as `Retry-After` says, then send the right token. `openpool wallet halt` needs none. If these were not your tries, see who reaches the API.' },
  SESSION_ENDED: { final: true, http: 401, help: 'Sign in again at /operator/sign-in. A session ends after 30 minutes without a request, after 12 hours, when it is signed out, and when its token is revoked.' },
  SESSION_FORM_REFUSED: { final: true, http: 403, help: 'Open the page anew and send its own form: each form holds a token of its session, and is taken from this host’s pages only. Nothing was done.' },
  IDEMPOTENCY_KEY_REUSED: { final: true, http: 422, help: 'Use a new Idempotency-Key for every new request; repeat one only with the same body.' },
  TEMPORAL_UNREACHABLE: { final: false, http: 503, help: 'Start Temporal, or correct temporal.address; workers try again by themselves. Reads, halt and resume work without it.' },
  WORKER_SILENT: { final: false, http: 503, help: 'No worker answered in time: start one, or look at its log. Asking again is harmless.' },
  DATABASE_UNREACHABLE: { final: false, http: 503, help: 'Check `database` in the configuration and that Postgres runs; then try again.' },
  DATABASE_FORBIDDEN: { final: false, http: 503, help: 'The role in `database.url` lacks a right. The API’s role, openpool_api, is given its rights whenever a worker starts: start one. A worker’s role must own the tables. docs/deployment.md has both. What the API’s role never may, moving a source, is for the command line with a worker’s configuration.' },
  DATABASE_READ_ONLY: { final: false, http: 503, help: 'Postgres takes no writes: `database.url` leads to a standby, or default_transaction_read_only is on for the server, the database or the role. Point it at the primary, or set that off (ALTER DATABASE … RESET default_transaction_read_only) and start again.' },
  DATABASE_FULL: { final: false, http: 503, help: 'The disk of Postgres is full (the database’s directory, or its pg_wal): give it room. Nothing is lost; what was asked was not done, and everything goes on by itself.' },
  DATABASE_REFUSED: { final: false, http: 503, help: 'Postgres answered and refused to open the database or to bring it to this version: the message has its words. Nothing of it was done; correct what they name and start again.' },
  PROCESS_STUCK: { final: false, http: 500, help: 'The process ended because it did not get on; whoever supervises it starts it again, and everything goes on from Postgres. If it comes back: keep the log, and see what the machine, Postgres or the endpoint that is named was doing.' },
  INTERNAL: { final: false, http: 500, help: 'A fault of the manager: its log has the details under the id of the request.' },
} as const satisfies Errors;

// biome-ignore format: one line for each error
const DECISIONS = {
  ORDER_UNKNOWN: { final: true, http: 404, help: 'A workflow was started for an order that stands in no ledger: nothing was done. Orders are given by the API and the command line; whoever started it by itself reaches Temporal and should not.' },
  ORDER_ENDED: { final: true, http: 409, help: 'The order was refused, taken back or is too old, and is not carried out any more: give it again if it is still wanted.' },
  POOL_WRONG: { final: true, http: 409, help: 'The work is of another pool, or of a version that named none: nothing was done. Pools that share a namespace need databases of their own; see who else starts workflows there.' },
  ORDERED_DAY_ABOVE_CAP: { final: true, http: 409, help: 'A limit for the case that somebody else gives orders: wait until the day has passed, or raise pool.maxOrderedPerDay and restart the workers.' },
  JOB_NOT_FOUND: { final: true, http: 404, help: 'Copy the job from `openpool unattributed list`: its source, its time and its event, with slashes between.' },
  JOB_ALREADY_CREDITED: { final: true, http: 409, help: 'Its other half has come: nothing is left to decide. What somebody else should have got: `openpool adjust`.' },
  JOB_ALREADY_DECIDED: { final: true, http: 409, help: 'A decision stays. If it was wrong, correct it with `openpool adjust`, once for each of the two.' },
  WORKER_NOT_NAMED: { final: true, http: 409, help: 'Say which of the payee’s rows is meant: --node-type and --region.' },
  ADJUSTMENT_REFERENCE_USED: { final: true, http: 409, help: 'A reference names one adjustment for ever. Give another one its own, or repeat the first unchanged.' },
  ADJUSTMENT_BELOW_ZERO: { final: true, http: 409, help: 'Take less, or say --allow-debt: the payee is then paid again when later fees have made up for it.' },
  SET_ASIDE_NOT_FOUND: { final: true, http: 404, help: 'Copy the id from `openpool set-aside list`.' },
  BACKFILL_ARCHIVED: { final: true, http: 409, help: 'Its months have left the table, and nobody can tell any more whether such an event is new. Bring them back first, `openpool archive restore <month> --reason …`, or ask from the time that is named.' },
  BACKFILL_BEFORE_START: { final: true, http: 409, help: 'Ask from the source’s `from` on. If the older events are this pool’s as well, move `from` in the configuration back and restart the workers.' },
  BACKFILL_ENDED_EARLY: { final: true, http: 409, help: 'Somebody cancelled or terminated it. What it stored stays counted; the same command reads the rest.' },
  TERMS_FROM_TAKEN: { final: true, http: 409, help: 'A time names one act for ever. What is recorded stays: `openpool terms list`. Give the other terms a time of their own, or correct the file to what is recorded.' },
  POLICY_UNUSABLE: { final: true, http: 409, help: 'Nobody is paid by a policy that never answered. Correct its module or options (`openpool policy check` tries them), or take `pool.policy` out of the file, and start the worker again.' },
  TERMS_FROM_PAST: { final: true, http: 409, help: 'Terms never reach back. Give a time to come, or none: then they hold from now on.' },
  IMPORT_FILE_UNREADABLE: { final: true, http: 400, help: 'Stop the other manager, copy its SQLite file whole (`sqlite3 pool.db ".backup copy.db"`), and name the copy.' },
  IMPORT_FILE_MALFORMED: { final: true, http: 400, help: 'The file is not as the first manager writes it: see the table and row that are named. docs/moving.md lists the tables and columns.' },
  IMPORT_PLAN_DIFFERS: { final: true, http: 409, help: 'Run the import with --dry-run, look at what it prints, then give the plan that it names with --plan.' },
  IMPORT_BLOCKED: { final: true, http: 409, help: 'See each difference in the dry run. What the endpoints cannot tell yet, they will tell later; what you know to be right, take by its name: --accept <name>.' },
  IMPORT_DONE: { final: true, http: 409, help: 'A file is imported once: `openpool import list`. What was wrong in it is corrected with `openpool adjust`.' },
  IMPORT_LEDGER_UNFIT: { final: true, http: 409, help: 'An import would count or pay something twice here. docs/moving.md says which ledger it needs: usually a new one that has paid nobody.' },
  MANAGER_UNREACHABLE: { final: false, http: 502, help: 'See that the other manager runs and that `shadow.url` is right. Before a promotion it must be stopped: nothing may listen there any more.' },
  MANAGER_UNFIT: { final: true, http: 409, help: 'What answers at `shadow.url` is not the first manager, or takes another commission: correct `shadow` in the configuration.' },
  MANAGER_STILL_RUNS: { final: true, http: 409, help: 'Stop the other manager, so that it pays nobody any more; then copy its file and promote with that copy.' },
  SHADOW_MODE: { final: true, http: 409, help: 'This pool runs beside another manager and pays nobody: `openpool shadow promote` ends that. docs/moving.md says what comes before.' },
  SHADOW_TOO_LATE: { final: true, http: 409, help: 'Shadow mode begins with the first start, on a new database. Take the section `shadow` out of the configuration, or start on a new database.' },
  SHADOW_NOT_ON: { final: true, http: 409, help: 'Only a pool in shadow mode is compared and promoted: docs/moving.md.' },
  SHADOW_UNEXPLAINED: { final: true, http: 409, help: '`openpool shadow report` shows what is unexplained, `openpool shadow compare --file copy.db` compares job by job.' },
} as const satisfies Errors;

// biome-ignore format: one line for each error
const WISHES = {
  WISH_MALFORMED: { final: true, http: 400, help: 'Take the message from GET /v1/payees/:address/wishes/message, the payee’s page or `openpool wish make`, and sign it unchanged.' },
  WISH_OTHER_CHAIN: { final: true, http: 409, help: 'Make the message at the pool that it is for: a message holds on one chain.' },
  WISH_OTHER_POOL: { final: true, http: 409, help: 'Make the message at the pool that it is for: a message holds in one pool.' },
  WISH_OTHER_PAYEE: { final: true, http: 409, help: 'Send the message for the address that it is about.' },
  WISH_EXPIRED: { final: true, http: 409, help: 'Make a new message and sign it: each holds for a time, an hour unless it says otherwise.' },
  WISH_OUT_OF_BOUNDS: { final: true, http: 400, help: 'Choose a value within the bounds that are named; GET /v1/payees/:address/wishes has those of the threshold.' },
  WISH_NOT_SIGNED: { final: true, http: 403, help: 'Sign with the key of the payee’s own address: switch to that account in the wallet. Of a contract wallet, let it sign by its own rules (EIP-1271).' },
  WISH_UNVERIFIED: { final: false, http: 503, help: 'The address is not that of a key, and the chain cannot be asked now whether its contract accepts the signature. Nothing was recorded: send the same message again in a minute.' },
  WISH_REPLAYED: { final: true, http: 409, help: 'Each message counts once. Make a new message and sign that one.' },
  WISH_OUT_OF_TURN: { final: true, http: 409, help: 'Send the messages in the order of their nonces: one before it is missing.' },
  WISH_DESTINATION_REFUSED: { final: true, http: 409, help: 'Choose an address that takes ETH and is none of the pool’s own.' },
  WISH_NOTHING_TO_REVOKE: { final: true, http: 409, help: 'There is no change of destination to revoke. One that holds already is undone by another change, back to your own address.' },
  WISH_TOO_MANY: { final: false, http: 429, help: 'Wait as long as `Retry-After` says, or a day when one payee sent very many, then send it again.' },
} as const satisfies Errors;

/** The errors, grouped under the headings of docs/operations.md. */
export const ERRORS_BY_HEADING = {
  'The start is refused': START,
  'Wallet, chain, ledger': LEDGER,
  Sources: SOURCES,
  'Requests and commands': REQUESTS,
  'Decisions about events and money': DECISIONS,
  'What payees decide themselves': WISHES,
} as const;

export const CATALOGUE = {
  ...START,
  ...LEDGER,
  ...SOURCES,
  ...REQUESTS,
  ...DECISIONS,
  ...WISHES,
} as const;

export type PoolErrorCode = keyof typeof CATALOGUE;
