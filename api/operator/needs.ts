/** Reads what needs an operator's hand, and shows it in the order in which it should be looked at. */

import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { readStops } from '../../client/standing.js';
import { amount, amountOrNull } from '../../client/views.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { listReconciliations } from '../../core/checks/store/reconciliation-records.js';
import { setAsideHelp } from '../../core/events/rules/reading/refusals.js';
import { listSources } from '../../core/events/store/sources/source-reads.js';
import { findSyncPause } from '../../core/events/store/sources/sync-pause.js';
import {
  findPayingWallet,
  freeWeiOf,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { openFindings, type ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { type Need, type RankedNeed, rankNeeds } from '../../core/standing/rules/needs.js';
import {
  needOfKept,
  needOfMany,
  needOfPayee,
  needOfPayout,
  needOfWallet,
  type Runway,
} from '../../core/standing/rules/needs-of-payouts.js';
import {
  needOfFinding,
  needOfHalt,
  needOfJobs,
  needOfPause,
  needOfReconciliation,
  needOfSetAside,
  needOfSource,
  needOfStop,
} from '../../core/standing/rules/needs-of-pool.js';
import {
  keptMoney,
  readRunway,
  setAsideGroups,
  unattributedJobs,
  unpayablePayees,
  waitingPayouts,
  waitingTogether,
} from '../../core/standing/store/need-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { noQuery, type Routes } from '../request.js';
import { NEEDS } from '../schemas/needs.js';

const MOST_FINDINGS = 50;

export interface PoolNeeds {
  readonly at: Date;
  readonly needs: readonly RankedNeed[];
  readonly runway: Runway;
}

/** Reads everything that needs a hand now, by money and age. */
export async function readNeeds(pool: RunningPool): Promise<PoolNeeds> {
  const { db, config } = pool;
  const at = nowOf(pool);
  const wallet = await findPayingWallet(db, config.chain.chainId);
  const freeWei = freeWeiOf(wallet, config.chain.keepInWalletWei);
  const [runway, ofPool, ofMoney, ofEvents] = await Promise.all([
    readRunway(db, freeWei),
    needsOfPool(pool, wallet, at),
    needsOfMoney(pool),
    needsOfEvents(pool, at),
  ]);
  const seenAt = wallet?.balance?.at;
  const low = wallet && seenAt ? needOfWallet(runway, { address: wallet.address, seenAt }) : [];
  return { at, runway, needs: rankNeeds([...ofPool, ...ofMoney, ...ofEvents, ...low], at) };
}

async function needsOfPool(
  pool: RunningPool,
  wallet: PayingWallet | undefined,
  now: Date,
): Promise<readonly Need[]> {
  const { db } = pool;
  const [{ reservedWei, pendingWei }, stops, together, [latest]] = await Promise.all([
    readPoolTotals(db),
    readStops(pool, wallet),
    waitingTogether(db),
    wallet === undefined ? [] : listReconciliations(db, wallet, 1),
  ]);
  const stuck = { wei: reservedWei + pendingWei };
  const differing = latest !== undefined && !latest.ok ? latest : undefined;
  const [first] = differing?.discrepancies ?? [];
  return [
    ...(wallet?.halts ?? []).map((halt) => needOfHalt(halt, stuck)),
    ...stops.map((stop) => {
      const since = together.find(({ waitCode }) => waitCode === stop.code)?.since ?? null;
      return needOfStop(stop, { now, since }, stuck);
    }),
    ...(differing === undefined
      ? []
      : [
          needOfReconciliation({
            at: differing.at,
            differences: differing.discrepancies.length,
            first: first?.message ?? '',
          }),
        ]),
  ];
}

async function needsOfMoney({ db }: RunningPool): Promise<readonly Need[]> {
  const [single, together, unpayable, kept] = await Promise.all([
    waitingPayouts(db),
    waitingTogether(db),
    unpayablePayees(db),
    keptMoney(db),
  ]);
  return [
    ...single.map(needOfPayout),
    ...together.map(needOfMany),
    ...unpayable.map(needOfPayee),
    ...kept.map(needOfKept),
  ];
}

async function needsOfEvents({ db }: RunningPool, now: Date): Promise<readonly Need[]> {
  const [jobs, groups, findings, sources, pause] = await Promise.all([
    unattributedJobs(db),
    setAsideGroups(db),
    openFindings(db, MOST_FINDINGS),
    listSources(db, now),
    findSyncPause(db),
  ]);
  const stopped = sources.flatMap(({ id, stopped: stop }) => (stop ? [{ id, ...stop }] : []));
  return [
    ...(jobs === undefined ? [] : [needOfJobs(jobs)]),
    ...groups.map((one) =>
      needOfSetAside({ ...one, help: setAsideHelp({ code: one.code, resolvedAt: null }) }),
    ),
    ...findings.filter(({ acknowledged }) => acknowledged === null).map(needOfShown),
    ...stopped.map(needOfSource),
    ...(pause === undefined ? [] : [needOfPause(pause)]),
  ];
}

function needOfShown(finding: ShownFinding): Need {
  const { id, code, sourceId, words, severity, figures, openedAt: since } = finding;
  const { grossWei } = figures;
  return needOfFinding({
    id,
    code,
    sourceId,
    words,
    isGrave: severity === 'grave',
    grossWei: typeof grossWei === 'string' && /^\d+$/.test(grossWei) ? BigInt(grossWei) : null,
    since,
  });
}

export function needsRoutes(routes: Routes, pool: RunningPool): void {
  const show = async () => viewNeeds(await readNeeds(pool));
  routes.get('/v1/operator/needs', noQuery, NEEDS.show, show);
}

/** Shows the needs, in `/v1`. Only who may read everything gets them: they quote nodes and orchestrators. */
function viewNeeds({ at, needs, runway }: PoolNeeds) {
  const { freeWei, perDayWei, days } = runway;
  return {
    at,
    wallet: {
      ...amountOrNull('free', freeWei),
      ...amount('perDay', perDayWei),
      runwayDays: days,
    },
    needs: needs.map((need) => ({
      kind: need.kind,
      subject: need.subject,
      code: need.code,
      title: withChecksums(need.title),
      words: withChecksums(need.words),
      safe: withChecksums(need.safe),
      ...amountOrNull('atStake', need.atStakeWei),
      isGrave: need.isGrave,
      since: need.since,
      urgency: need.urgency.toString(),
      actions: need.actions,
    })),
  };
}
