/** Shows what is in a payout: as JSON, and as the lines of a CSV file. */
import { formatEth } from '../../core/base/money.js';
import type { CreditSum, PayoutCredit } from '../../core/statements/payout-contents.js';
import { amount } from '../views.js';
import type { CsvColumn } from './csv.js';

function amountOrNull<Name extends string>(name: Name, wei: bigint | null) {
  const both = {
    [`${name}Wei`]: wei === null ? null : wei.toString(),
    [`${name}Eth`]: wei === null ? null : formatEth(wei),
  };
  return both as Readonly<Record<`${Name}Wei` | `${Name}Eth`, string | null>>;
}

/** What is known of a credit: `archived` means that it came from jobs whose events are in the archive. */
function detailOf(isJob: boolean, isKnown: boolean): 'event' | 'archived' | 'none' {
  if (!isJob) return 'none';
  return isKnown ? 'event' : 'archived';
}

export function viewCredit(credit: PayoutCredit) {
  const { job, postingId, remoteWorkerId } = credit;
  return {
    kind: credit.kind,
    detail: detailOf(credit.isJob, job !== null),
    ...amount('amount', credit.amountWei),
    workerId: remoteWorkerId === null ? null : String(remoteWorkerId),
    nodeType: credit.nodeType,
    region: credit.region,
    postingId: postingId === null ? null : postingId.toString(),
    bookedAt: credit.bookedAt,
    reference: credit.reference,
    reason: credit.reason,
    job:
      job === null
        ? null
        : {
            sourceId: job.sourceId,
            eventId: job.eventId,
            at: job.at,
            pipeline: job.pipeline,
            modelId: job.modelId,
            ...amount('gross', job.grossWei),
            ...amount('commission', job.commissionWei),
            ...amount('net', job.netWei),
          },
  };
}

export function viewCreditSum(sum: CreditSum) {
  return {
    kind: sum.kind,
    detail: detailOf(sum.isJob, sum.jobs !== null),
    day: sum.day,
    pipeline: sum.pipeline,
    modelId: sum.modelId,
    jobs: sum.jobs,
    ...amountOrNull('gross', sum.grossWei),
    ...amountOrNull('commission', sum.commissionWei),
    ...amount('amount', sum.amountWei),
  };
}

const timeText = (at: Date | null | undefined): string | null =>
  at?.toISOString().replace('T', ' ').replace('.000Z', ' UTC').replace('Z', ' UTC') ?? null;

export const CREDIT_COLUMNS: readonly CsvColumn<PayoutCredit>[] = [
  { header: 'Date', cell: ({ job, bookedAt }) => timeText(job?.at ?? bookedAt) },
  { header: 'Kind', cell: ({ kind }) => kind },
  { header: 'Amount (ETH)', cell: ({ amountWei }) => amountWei, isEth: true },
  { header: 'Pipeline', cell: ({ job }) => job?.pipeline ?? null },
  { header: 'Model', cell: ({ job }) => job?.modelId ?? null },
  { header: 'Node Type', cell: ({ nodeType }) => nodeType },
  { header: 'Region', cell: ({ region }) => region },
  { header: 'Source', cell: ({ job }) => job?.sourceId ?? null },
  { header: 'Event', cell: ({ job }) => job?.eventId ?? null },
  { header: 'Details', cell: ({ isJob, job }) => detailOf(isJob, job !== null) },
  { header: 'Amount (wei)', cell: ({ amountWei }) => amountWei },
  { header: 'Job Gross (wei)', cell: ({ job }) => job?.grossWei ?? null },
  { header: 'Job Commission (wei)', cell: ({ job }) => job?.commissionWei ?? null },
  { header: 'Job Net (wei)', cell: ({ job }) => job?.netWei ?? null },
  { header: 'Booked', cell: ({ bookedAt }) => timeText(bookedAt) },
  { header: 'Posting', cell: ({ postingId }) => postingId },
  { header: 'Reason', cell: ({ reason }) => reason },
];

export const SUM_COLUMNS: readonly CsvColumn<CreditSum>[] = [
  { header: 'Day', cell: ({ day }) => day },
  { header: 'Kind', cell: ({ kind }) => kind },
  { header: 'Pipeline', cell: ({ pipeline }) => pipeline },
  { header: 'Model', cell: ({ modelId }) => modelId },
  { header: 'Jobs', cell: ({ jobs }) => jobs },
  { header: 'Amount (ETH)', cell: ({ amountWei }) => amountWei, isEth: true },
  { header: 'Amount (wei)', cell: ({ amountWei }) => amountWei },
  { header: 'Jobs Gross (wei)', cell: ({ grossWei }) => grossWei },
  { header: 'Jobs Commission (wei)', cell: ({ commissionWei }) => commissionWei },
];
