/** Signs that a remote worker may not do the work it is paid for. Each says what is seen; an operator judges what it means. */
import { counted } from '../../base/counted.js';
import { foreignText } from '../../base/foreign-text.js';
import type { Found } from './finding.js';

/** Whose work it is, and of what kind; pipeline and model are empty where the events name none. */
export interface SignPlace {
  readonly payee: string;
  readonly nodeType: string;
  readonly region: string;
  readonly pipeline: string;
  readonly modelId: string;
}

/** What a remote worker did in this hour and the one before. */
export interface LateWork extends SignPlace {
  readonly jobs: number;
  /** Jobs that say that they took no time. */
  readonly instantJobs: number;
  /** Compute units for each second of the jobs that took some time; null: there were too few of them. */
  readonly unitsPerSecond: number | null;
  /** The median of everybody with this pipeline and model; null while too few do it. */
  readonly usualPerSecond: number | null;
}

/** What a compute unit of a worker earned today; amounts in billionths of a wei. */
export interface DearWork extends SignPlace {
  readonly jobs: number;
  readonly perUnitNano: bigint;
  /** The worker's own price on the days before, and that of all others today. */
  readonly beforeNano: bigint;
  readonly othersNano: bigint;
}

/** Payees whose workers are connected from one machine or network. */
export interface SharedHost {
  readonly host: string;
  readonly payees: number;
  /** Some of them. */
  readonly examples: readonly string[];
}

export interface WorkerSigns {
  readonly late: readonly LateWork[];
  readonly dear: readonly DearWork[];
  readonly shared: readonly SharedHost[];
}

/** Nobody is judged by fewer jobs. */
export const LEAST_SIGN_JOBS = 20;
/** This many remote workers must do the same kind of work before there is a usual speed or price. */
export const LEAST_SIGN_WORKERS = 5;
/** Some hardware is several times as fast as other. */
export const FAST_TIMES = 10;
/** No known GPU transcodes so many pixels a second: about a hundred times 1080p with its renditions in real time. */
export const MOST_PIXELS_PER_SECOND = 20_000_000_000;
/** Jobs without time as a share of all; a rounded time of a very short job is no sign. */
export const INSTANT_SHARE_BPS = 1_000;
/** The days before today with which a price is compared, and how many of them must have had enough jobs. */
export const PRICE_DAYS = 7;
export const LEAST_PRICE_DAYS = 3;
/** A home or a small farm has one payee, or a few. */
export const MOST_PAYEES_OF_HOST = 5;

/** Finds the signs. They are no verdicts: nobody is paid less, or excluded, because of them. */
export function watchWorkers({ late, dear, shared }: WorkerSigns): readonly Found[] {
  return [
    ...late.flatMap(watchSpeed),
    ...late.flatMap(watchInstant),
    ...dear.map(dearFound),
    ...shared.map(sharedFound),
  ];
}

const ASK =
  'ask its owner; openpool payout hold keeps a payout from being signed, openpool guard override leaves the worker out';

function watchSpeed(work: LateWork): readonly Found[] {
  const { unitsPerSecond, usualPerSecond, nodeType } = work;
  if (unitsPerSecond === null) return [];
  const times = usualPerSecond === null ? 0 : unitsPerSecond / usualPerSecond;
  const isImpossible = nodeType === 'transcode' && unitsPerSecond > MOST_PIXELS_PER_SECOND;
  if (!isImpossible && times < FAST_TIMES) return [];
  const why = isImpossible
    ? 'more pixels than any known GPU'
    : `${Math.floor(times)} times as many as is usual for this work`;
  return [
    {
      code: 'WORK_TOO_FAST',
      subject: subjectOf(work),
      measure: unitsPerSecond,
      words: `${whose(work)} says that it did ${Math.round(unitsPerSecond)} compute units a second since the last hour began, ${why}: ${ASK}`,
      figures: { jobs: work.jobs, unitsPerSecond, usualPerSecond },
    },
  ];
}

function watchInstant(work: LateWork): readonly Found[] {
  const { jobs, instantJobs } = work;
  if (instantJobs < LEAST_SIGN_JOBS || instantJobs * 10_000 < jobs * INSTANT_SHARE_BPS) return [];
  return [
    {
      code: 'JOBS_WITHOUT_TIME',
      subject: subjectOf(work),
      measure: instantJobs,
      words: `${instantJobs} of ${counted(jobs, 'job')} of ${whose(work)} since the last hour began took no time at all: ${ASK}`,
      figures: { jobs, instantJobs },
    },
  ];
}

function dearFound(work: DearWork): Found {
  const { jobs, perUnitNano, beforeNano, othersNano } = work;
  const timesOf = (usual: bigint) => (usual === 0n ? perUnitNano : perUnitNano / usual);
  return {
    code: 'WORKER_FEES_JUMP',
    subject: subjectOf(work),
    measure: Number(timesOf(othersNano)),
    words: `a compute unit of ${whose(work)} earned ${timesOf(beforeNano)} times as much today as on the days before, and ${timesOf(othersNano)} times as much as others get for this work: ${ASK}`,
    figures: {
      jobs,
      perUnitNanoWei: perUnitNano.toString(),
      beforeNanoWei: beforeNano.toString(),
      othersNanoWei: othersNano.toString(),
    },
  };
}

function sharedFound({ host, payees, examples }: SharedHost): Found {
  const others = payees > examples.length ? ` and ${payees - examples.length} more` : '';
  return {
    code: 'CONNECTION_SHARED',
    subject: foreignText(host),
    measure: payees,
    words: `workers of ${payees} payees are connected from one machine or network: ${examples.join(', ')}${others}. One owner may use many addresses, or the orchestrator sees them through a proxy; acknowledge what you know`,
    figures: { payees },
  };
}

const kindOf = ({ pipeline, modelId }: SignPlace) =>
  [pipeline, modelId].filter((part) => part !== '').map(foreignText);

const subjectOf = (place: SignPlace) =>
  [place.payee, place.nodeType, foreignText(place.region), ...kindOf(place)].join(' / ');

function whose(place: SignPlace): string {
  const kind = kindOf(place).join(' / ');
  const worker = `the ${place.nodeType} worker of ${place.payee} in ${foreignText(place.region)}`;
  return kind === '' ? worker : `${worker} for ${kind}`;
}
