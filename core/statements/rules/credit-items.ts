/** Cuts what a payout settles of a posting into jobs. Their amounts add up to it to the wei, whatever is still known of them. */

import { largerWei, smallerWei } from '../../base/money.js';

/** A job of a posting, with what it earned its payee, in wei. */
interface PostedJob {
  readonly netWei: bigint;
}

interface PostedPart {
  /** What the payout settles of the posting, in wei; negative for a deduction. */
  readonly amountWei: bigint;
  /** What earlier payouts have settled of it, in wei. */
  readonly beforeWei: bigint;
}

export interface CutItem<Job extends PostedJob> {
  /** Null: not a job, or the details of the jobs are not there any more. */
  readonly job: Job | null;
  /** What the payout settles of it, in wei: of the first and the last job perhaps only a part. */
  readonly amountWei: bigint;
  /** Its place in the posting, from 0 on; with it a list finds its place again. */
  readonly position: number;
}

/** Returns the jobs that the part covers, in their order; then, without a job, what they do not come to. */
export function cutIntoJobs<Job extends PostedJob>(
  part: PostedPart,
  jobs: readonly Job[],
): readonly CutItem<Job>[] {
  const items: CutItem<Job>[] = [];
  const endWei = part.beforeWei + part.amountWei;
  let atWei = 0n;
  let leftWei = part.amountWei;
  for (const [position, job] of jobs.entries()) {
    const fromWei = largerWei(atWei, part.beforeWei);
    atWei += job.netWei;
    const toWei = smallerWei(atWei, endWei);
    if (toWei <= fromWei) continue;
    items.push({ job, amountWei: toWei - fromWei, position });
    leftWei -= toWei - fromWei;
  }
  if (leftWei !== 0n) items.push({ job: null, amountWei: leftWei, position: jobs.length });
  return items;
}
