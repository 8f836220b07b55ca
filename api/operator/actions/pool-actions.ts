import { runReconciliation } from '../../../client/long-work.js';
import { requireWallet } from '../../../client/payouts/payout-request.js';
import { answerTimeoutOf, type RunningPool } from '../../../client/running-pool.js';
import {
  RESUMED_WORDS,
  resumedWords,
  syncPauseWords,
  syncResumeWords,
} from '../../../client/views.js';
import { endSession } from '../../../core/access/store/sessions.js';
import { counted } from '../../../core/base/counted.js';
import { ethAndWei } from '../../../core/base/money.js';
import { parseAddress, toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import { resumeWallet } from '../../../core/checks/store/resuming.js';
import type { JobDecisionReport } from '../../../core/decisions/rules/decision-reports.js';
import { formatJobHandle } from '../../../core/decisions/rules/job-handle.js';
import { listUnmatchedJobs } from '../../../core/decisions/store/unmatched-job-reads.js';
import { resumeSource } from '../../../core/events/store/sources/source-register.js';
import { endSyncPause, pauseSync } from '../../../core/events/store/sources/sync-pause.js';
import { haltWallet } from '../../../core/payouts/store/wallet/wallets.js';
import { findFinding } from '../../../core/sentinel/store/finding-reads.js';
import { acknowledgeFinding } from '../../../core/sentinel/store/findings.js';
import { utc } from '../../page/kit/numbers.js';
import { readFindingId } from '../../routes/findings.js';
import {
  type Action,
  byOrder,
  type Choice,
  type Given,
  type Input,
  inPostgres,
  valuesOf,
} from './action.js';

const HALTED = 'halted: nothing is signed or sent until it is resumed; fees are still credited';

const JOBS_INPUT: Input = {
  name: 'jobs',
  label: 'Jobs',
  hint: 'others, by their handles in GET /v1/unattributed, with blanks between',
  kind: 'choices',
  choices: waitingJobs,
};
/** The list shows the oldest jobs, because they are the least likely to be credited by themselves. */
const MOST_JOBS = 50;

async function waitingJobs({ db }: RunningPool): Promise<readonly Choice[]> {
  const page = { limit: MOST_JOBS, cursor: null };
  const { items } = await listUnmatchedJobs(db, { role: 'processed' }, page);
  return items.flatMap((job) => {
    const { sourceId, dt, eventId, grossWei, pipeline, modelId, candidates } = job;
    const value = formatJobHandle({ sourceId, eventId, dtMs: dt.getTime() });
    // A blank would tear the handle apart; such a job is chosen on the command line.
    if (/\s/.test(value)) return [];
    const work = [pipeline, modelId].filter((name) => name !== null && name !== '').join(' / ');
    const payees = new Set(candidates.flatMap(({ payee }) => payee ?? []));
    const perhaps = payees.size === 0 ? '' : `perhaps of ${[...payees].map(toChecksum).join(', ')}`;
    const worth = `${ethAndWei(grossWei ?? 0n)}`;
    const words = [worth, utc(dt), sourceId, work, perhaps].filter((part) => part !== '');
    return [{ value, words: words.join(' · ') }];
  });
}

function choiceOf({ inputs }: Given) {
  const jobs = valuesOf(inputs.jobs);
  return { jobs, requestId: null, sourceId: null, before: null };
}

function jobWords(report: JobDecisionReport): readonly string[] {
  const { words, netWei, grossWei } = report;
  const sum = `${ethAndWei(BigInt(grossWei))} of fees, ${ethAndWei(BigInt(netWei))} after commission`;
  return [withChecksums(words), sum];
}

export const POOL_ACTIONS = {
  'wallet.halt': {
    role: 'operate',
    label: 'Pause payouts',
    title: 'Pause all payouts: halt the wallet',
    run: inPostgres(async (reader, _, decision, pool) => {
      const why = { code: 'HALTED_BY_OPERATOR', ...decision };
      const changed = await haltWallet(reader, await requireWallet(pool), why);
      return changed ? HALTED : 'it was halted before, and still is';
    }),
  },
  'wallet.resume': {
    role: 'operate',
    label: 'Resume payouts',
    title: 'End the halt: let payouts go on',
    async run(pool, _, by) {
      return [resumedWords(await resumeWallet(pool.db, await requireWallet(pool), by))];
    },
  },
  'wallet.adopt': {
    role: 'admin',
    label: 'Book what its key did',
    title: 'Book what the wallet’s key did outside of this ledger',
    run: byOrder({
      kind: 'wallet.adopt',
      subject: () => 'wallet',
      args: () => ({ vouchedHashes: [] }),
      words: ({ findings, waiting, complete }) => [
        ...findings.map(({ nonce, words }) => `nonce ${nonce}: ${withChecksums(words)}`),
        complete ? 'all is accounted for' : `not complete: ${waiting ?? ''}`,
      ],
    }),
  },
  'sync.pause': {
    role: 'operate',
    label: 'Pause the sync',
    title: 'Pause the reading of all sources',
    run: inPostgres(async (reader, _, decision) =>
      syncPauseWords(await pauseSync(reader, decision)),
    ),
  },
  'sync.resume': {
    role: 'operate',
    label: 'Resume the sync',
    title: 'Go on reading the sources',
    run: inPostgres(async (reader, _, decision) =>
      syncResumeWords(await endSyncPause(reader, decision)),
    ),
  },
  'source.resume': {
    role: 'operate',
    label: 'Read it again',
    title: 'Read this source again',
    run: inPostgres(async (reader, { subject }, decision) => {
      await resumeSource(reader, subject, decision);
      return RESUMED_WORDS;
    }),
  },
  'finding.acknowledge': {
    role: 'operate',
    label: 'Acknowledge',
    title: 'Acknowledge this finding',
    run: inPostgres(async (reader, { subject }, decision) => {
      const id = readFindingId(subject);
      await acknowledgeFinding(reader, id, decision);
      const { code = '', words = '' } = (await findFinding(reader, id)) ?? {};
      return `${code}, ${words}. It is acknowledged: it asks for attention again when it gets worse or returns`;
    }),
  },
  'set-aside.retry': {
    role: 'operate',
    label: 'Try again',
    title: 'Try the events again that were set aside for this reason',
    run: byOrder({
      kind: 'set-aside.retry',
      subject: ({ subject }) => subject,
      args: ({ subject }) => ({ ids: [], code: subject, sourceId: null }),
      words: ({ looked, outcomes }) => [
        `${counted(looked, 'event')} tried`,
        ...Object.entries(outcomes).map(([outcome, events]) => `${outcome}: ${events}`),
      ],
    }),
  },
  'jobs.assign': {
    role: 'admin',
    label: 'Assign',
    title: 'Credit unattributed jobs to a payee',
    inputs: [JOBS_INPUT, { name: 'to', label: 'Payee', hint: '0x…', kind: 'text' }],
    run: byOrder({
      kind: 'jobs.assign',
      subject: ({ inputs }) => parseAddress(inputs.to ?? ''),
      args: (given) => ({
        choice: choiceOf(given),
        payee: parseAddress(given.inputs.to ?? ''),
        nodeType: null,
        region: null,
        newPayee: false,
      }),
      words: jobWords,
    }),
  },
  'jobs.absorb': {
    role: 'operate',
    label: 'Keep for the pool',
    title: 'Keep the fees of unattributed jobs for the pool',
    inputs: [JOBS_INPUT],
    run: byOrder({
      kind: 'jobs.absorb',
      subject: () => 'unattributed',
      args: (given) => ({ choice: choiceOf(given) }),
      words: jobWords,
    }),
  },
  'reconcile.start': {
    role: 'operate',
    label: 'Compare now',
    title: 'Compare the chain with the ledger',
    async run(pool, _, { dryRun }) {
      if (dryRun) return ['reads the chain and the ledger, and changes nothing but its own record'];
      const patienceMs = answerTimeoutOf(pool);
      const report = await runReconciliation(pool, { fromOpening: false }, patienceMs);
      const { ok, findings } = report;
      if (ok) return ['everything adds up'];
      return findings.map(({ code, message }) => `${code}: ${withChecksums(message)}`);
    },
  },
  'session.end': {
    role: 'admin',
    label: 'End it',
    title: 'End this session',
    run: inPostgres(async (reader, { subject }, decision) => {
      await endSession(reader, subject, decision);
      return 'ended: its browser has to sign in again';
    }),
  },
} as const satisfies Readonly<Record<string, Action>>;
