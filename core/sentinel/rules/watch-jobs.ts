/** Findings about jobs: without fees, without a known worker, at unusual prices. */

import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { foreignText } from '../../base/foreign-text.js';
import { formatEth } from '../../base/money.js';
import { findPriceJumps, type PriceJump, perUnitWei } from '../../events/rules/job-price.js';
import { roleOf } from '../../events/rules/reading/event-type.js';
import { type Look, MOST_SUBJECTS, type Rule, recentHours } from './source-figures.js';

const HOUR_MS = 3_600_000;
const LEAST_ZERO_FEE_JOBS = 3;
const GRAVE_ZERO_FEE_BPS = 5_000;
const GRAVE_PRICE_TIMES = 10n;

/** Judges the share of jobs without a fee in this hour and the one before: an hour that has just begun has too few jobs. */
export function watchZeroFees({ figures, settings, nowMs }: Look): ReturnType<Rule> {
  let jobs = 0;
  let zeroFeeJobs = 0;
  for (const hour of recentHours(figures, nowMs, HOUR_MS)) {
    if (roleOf(hour.eventType, hour.version) !== 'job') continue;
    jobs += hour.events;
    zeroFeeJobs += hour.zeroFeeEvents;
  }
  const shareBps = jobs === 0 ? 0 : Math.floor((zeroFeeJobs * 10_000) / jobs);
  if (zeroFeeJobs < LEAST_ZERO_FEE_JOBS || shareBps < settings.zeroFeeShareBps) return [];
  const share = `${(shareBps / 100).toFixed(shareBps < 1_000 ? 1 : 0)} %`;
  return {
    code: 'ZERO_FEE_JOBS',
    severity: shareBps >= GRAVE_ZERO_FEE_BPS ? 'grave' : 'warning',
    measure: shareBps,
    words: `${zeroFeeJobs} of ${jobs} jobs since the last hour began, ${share}, came with a fee of zero: a price under 1 wei per unit is cut to nothing`,
    figures: { zeroFeeJobs, jobs, shareBps, limitBps: settings.zeroFeeShareBps },
  };
}

export function watchUnmatched({ figures, settings }: Look): ReturnType<Rule> {
  const { jobs, grossWei } = figures.unmatched;
  if (jobs === 0) return [];
  const age = duration(settings.unmatchedAgeMs);
  return {
    code: 'JOBS_UNMATCHED',
    measure: jobs,
    words: `${counted(jobs, 'job')} worth ${formatEth(grossWei)} ETH, older than ${age}, and nobody is known to have done them`,
    figures: { jobs, grossWei: grossWei.toString(), olderThanMs: settings.unmatchedAgeMs },
  };
}

export function watchPrices({ figures, settings, nowMs }: Look): ReturnType<Rule> {
  const options = { factor: settings.priceJumpFactor, nowMs };
  return findPriceJumps(figures.prices, options)
    .slice(0, MOST_SUBJECTS)
    .map((jump) => {
      const { priceNano, usualNano, timesHundredths, hourMs, jobs } = jump;
      const isUp = priceNano > usualNano;
      const times = `${timesHundredths / 100n}.${(timesHundredths % 100n).toString().padStart(2, '0')}`;
      const hour = new Date(hourMs).toISOString().slice(0, 16).replace('T', ' ');
      return {
        code: 'PRICE_JUMP',
        subject: subjectOf(jump),
        severity: timesHundredths >= GRAVE_PRICE_TIMES * 100n ? 'grave' : 'warning',
        measure: Number(timesHundredths) / 100,
        words: `a unit of ${foreignText(subjectOf(jump))} costs ${perUnitWei(priceNano)} wei in the hour from ${hour} UTC, usually ${perUnitWei(usualNano)}: ${isUp ? `${times} times as much` : `${times} times less`}`,
        figures: {
          hour: new Date(hourMs).toISOString(),
          jobs,
          direction: isUp ? 'up' : 'down',
          pricePerUnitWei: perUnitWei(priceNano),
          usualPerUnitWei: perUnitWei(usualNano),
          times,
        },
      };
    });
}

function subjectOf({ nodeType, pipeline, modelId }: PriceJump): string {
  return [nodeType, pipeline, modelId].filter((part) => part !== '').join(' / ');
}
