/** Computes the price of a compute unit for each hour, and finds jumps of that price. */
import { listOf } from '../../base/lists.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { JobContent } from './reading/event-content.js';

/** The sums over the jobs of one hour, node type, pipeline and model that had both fees and compute units. */
export interface HourPrice {
  readonly hourMs: number;
  readonly nodeType: NodeType;
  /** The pipeline of the jobs; empty when their events name none. */
  readonly pipeline: string;
  readonly modelId: string;
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly computeUnits: bigint;
}

type PricedEvent = Pick<HourPrice, 'nodeType'> & { readonly dtMs: number };
type PricedJob = Pick<JobContent, 'grossWei' | 'computeUnits' | 'pipeline' | 'modelId'>;

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export const HOUR_MS = 3_600_000;
export const floorHour = (timeMs: number): number => Math.floor(timeMs / HOUR_MS) * HOUR_MS;
/**
 * At most this many groups of prices are kept for a batch, because it may be full of invented pipelines and models.
 * Jobs beyond that are left out of the price statistics.
 */
const MOST_GROUPS = 1_000;

/** Adds up the prices of a batch. It is called for every job, so it builds no strings and does few look-ups. */
export class PriceTally {
  private readonly groups: Mutable<HourPrice>[] = [];
  private readonly byModel = new Map<string, Mutable<HourPrice>[]>();

  /** Adds a job that has both a fee and compute units: a price of zero would hide what the others cost. */
  add(event: PricedEvent, job: PricedJob): void {
    const { grossWei, computeUnits } = job;
    if (grossWei === 0n || computeUnits === 0n) return;
    const group = this.groupOf(event, job);
    if (group === undefined) return;
    group.jobs += 1;
    group.grossWei += grossWei;
    group.computeUnits += computeUnits;
  }

  result(): readonly HourPrice[] {
    return this.groups;
  }

  private groupOf({ dtMs, nodeType }: PricedEvent, job: PricedJob): Mutable<HourPrice> | undefined {
    const pipeline = job.pipeline ?? '';
    const modelId = job.modelId ?? '';
    const ofModel = listOf(this.byModel, modelId);
    // The newest group is checked first, because events mostly come in the order of time.
    for (let i = ofModel.length - 1; i >= 0; i -= 1) {
      const group = ofModel[i];
      if (group === undefined || group.pipeline !== pipeline) continue;
      const isHour = dtMs >= group.hourMs && dtMs < group.hourMs + HOUR_MS;
      if (isHour && group.nodeType === nodeType) return group;
    }
    if (this.groups.length >= MOST_GROUPS) return undefined;
    const none = { jobs: 0, grossWei: 0n, computeUnits: 0n };
    const group = { hourMs: floorHour(dtMs), nodeType, pipeline, modelId, ...none };
    this.groups.push(group);
    ofModel.push(group);
    return group;
  }
}

/** What a compute unit cost in the latest hour with enough jobs, next to what it usually costs. */
export interface LatestPrice extends Omit<HourPrice, 'grossWei' | 'computeUnits'> {
  /** The price in billionths of a wei per compute unit. */
  readonly priceNano: bigint;
  /** The median price of the hours before, in the same unit; null while there are too few of them. */
  readonly usualNano: bigint | null;
}

/** A latest price that is far from the usual one. */
export interface PriceJump extends LatestPrice {
  readonly usualNano: bigint;
  /** The factor between this price and the usual one, in hundredths: 250 is 2.5 times as high or low. At least 100. */
  readonly timesHundredths: bigint;
}

/** An hour with fewer jobs is ignored: it says more about those jobs than about the price. */
const LEAST_JOBS = 10;
/** This many earlier hours with enough jobs are needed before there is a usual price. */
const LEAST_HOURS = 6;
/** A jump is reported only if its hour began at most this long ago. */
const NEWS_MS = 3 * HOUR_MS;
const NANO = 10n ** 9n;
const RATIO_SCALE = 10_000n;

/**
 * Finds the node types, pipelines and models whose price in the latest hour differs from the median of the hours before
 * by the factor or more, in either direction.
 */
export function findPriceJumps(
  prices: readonly HourPrice[],
  { factor, nowMs }: { readonly factor: number; readonly nowMs: number },
): readonly PriceJump[] {
  return latestPrices(prices, nowMs).flatMap((latest) =>
    isNews(latest, nowMs) ? (jumpOf(latest, factor) ?? []) : [],
  );
}

/** Returns the latest price of each node type, pipeline and model that had an hour with enough jobs. */
export function latestPrices(prices: readonly HourPrice[], nowMs: number): readonly LatestPrice[] {
  const groups = new Map<string, HourPrice[]>();
  for (const price of prices) {
    if (price.jobs < LEAST_JOBS || price.hourMs > nowMs) continue;
    const key = `${price.nodeType}/${price.pipeline}\n${price.modelId}`;
    listOf(groups, key).push(price);
  }
  return [...groups.values()].flatMap((hours) => latestOf(hours) ?? []);
}

/** Tells whether the price is recent enough to say something about the present. */
export function isNews({ hourMs }: LatestPrice, nowMs: number): boolean {
  return nowMs - hourMs <= NEWS_MS;
}

/** Returns the price as a multiple of the usual one, for graphs; null while there is no usual one. */
export function changeRatio({ priceNano, usualNano }: LatestPrice): number | null {
  if (usualNano === null || usualNano === 0n) return null;
  return Number((priceNano * RATIO_SCALE) / usualNano) / Number(RATIO_SCALE);
}

/** Formats billionths of a wei as a decimal number of wei. */
export function perUnitWei(nano: bigint): string {
  const fraction = (nano % NANO).toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${nano / NANO}` : `${nano / NANO}.${fraction}`;
}

function latestOf(hours: readonly HourPrice[]): LatestPrice | undefined {
  const [latest, ...before] = [...hours].sort((a, b) => b.hourMs - a.hourMs);
  if (latest === undefined) return undefined;
  const { nodeType, pipeline, modelId, hourMs, jobs } = latest;
  const usualNano = before.length < LEAST_HOURS ? null : median(before.map(nanoOf));
  return { nodeType, pipeline, modelId, hourMs, jobs, priceNano: nanoOf(latest), usualNano };
}

function jumpOf(latest: LatestPrice, factor: number): PriceJump | undefined {
  const { priceNano, usualNano } = latest;
  if (usualNano === null) return undefined;
  const [low, high] = priceNano < usualNano ? [priceNano, usualNano] : [usualNano, priceNano];
  if (high < low * BigInt(factor)) return undefined;
  return { ...latest, usualNano, timesHundredths: (high * 100n) / (low === 0n ? 1n : low) };
}

function nanoOf({ grossWei, computeUnits }: HourPrice): bigint {
  return computeUnits === 0n ? 0n : (grossWei * NANO) / computeUnits;
}

function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor(sorted.length / 2)] ?? 0n;
}
