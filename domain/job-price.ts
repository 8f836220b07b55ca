/** What a compute unit costs, hour by hour, and when that jumps. */
import type { NodeType } from './remote-worker.js';

/** The jobs of one hour that were paid and had a size. */
export interface HourPrice {
  readonly hourMs: number;
  readonly nodeType: NodeType;
  /** Empty where none was named. */
  readonly pipeline: string;
  readonly modelId: string;
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly computeUnits: bigint;
}

interface PricedJob {
  readonly grossWei: bigint;
  readonly computeUnits: bigint;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const HOUR_MS = 3_600_000;
/** Names come from outside: a batch that invents them keeps its rows few. */
const MOST_GROUPS = 200;

/** Adds up the prices of a batch. */
export class PriceTally {
  private readonly groups = new Map<string, Mutable<HourPrice>>();
  private last: Mutable<HourPrice> | undefined;

  /** Jobs without a fee are counted elsewhere: a price of nothing would hide what the others cost. */
  add(event: { readonly dtMs: number; readonly nodeType: NodeType }, job: PricedJob): void {
    const { grossWei, computeUnits } = job;
    if (grossWei === 0n || computeUnits === 0n) return;
    const hourMs = Math.floor(event.dtMs / HOUR_MS) * HOUR_MS;
    const group = this.groupOf(hourMs, event.nodeType, job);
    if (group === undefined) return;
    group.jobs += 1;
    group.grossWei += grossWei;
    group.computeUnits += computeUnits;
  }

  result(): readonly HourPrice[] {
    return [...this.groups.values()];
  }

  /** Jobs of one kind come in rows: most find the group of the one before. */
  private groupOf(
    hourMs: number,
    nodeType: NodeType,
    job: PricedJob,
  ): Mutable<HourPrice> | undefined {
    const { pipeline, modelId } = { pipeline: job.pipeline ?? '', modelId: job.modelId ?? '' };
    const { last } = this;
    const isSame =
      last !== undefined &&
      last.hourMs === hourMs &&
      last.modelId === modelId &&
      last.pipeline === pipeline &&
      last.nodeType === nodeType;
    if (isSame) return last;
    const key = `${hourMs}/${nodeType}/${pipeline}\n${modelId}`;
    const known = this.groups.get(key);
    if (known === undefined && this.groups.size >= MOST_GROUPS) return undefined;
    const none = { jobs: 0, grossWei: 0n, computeUnits: 0n };
    const group = known ?? { hourMs, nodeType, pipeline, modelId, ...none };
    if (known === undefined) this.groups.set(key, group);
    this.last = group;
    return group;
  }
}

/** A price that is far from what it usually was. */
export interface PriceJump {
  readonly nodeType: NodeType;
  readonly pipeline: string;
  readonly modelId: string;
  readonly hourMs: number;
  readonly jobs: number;
  /** In billionths of a wei per compute unit. */
  readonly priceNano: bigint;
  /** The median of the hours before. */
  readonly usualNano: bigint;
  /** How many times as much, or as little, in hundredths: never below 100. */
  readonly timesHundredths: bigint;
}

/** Fewer jobs say more about themselves than about a price. */
const LEAST_JOBS = 10;
/** So many hours with enough jobs before a price counts as usual. */
const LEAST_HOURS = 6;
/** An older hour is history, not news. */
const NEWS_MS = 3 * HOUR_MS;
const NANO = 10n ** 9n;

/**
 * Prices of the latest hour of each (node type, pipeline, model) that differ from the median of the
 * hours before it by the factor or more, in either direction.
 */
export function findPriceJumps(
  prices: readonly HourPrice[],
  options: { readonly factor: number; readonly nowMs: number },
): readonly PriceJump[] {
  const groups = new Map<string, HourPrice[]>();
  for (const price of prices) {
    if (price.jobs < LEAST_JOBS || price.hourMs > options.nowMs) continue;
    const key = `${price.nodeType}/${price.pipeline}\n${price.modelId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [price]);
    else group.push(price);
  }
  return [...groups.values()].flatMap((hours) => jumpOf(hours, options) ?? []);
}

function jumpOf(
  hours: readonly HourPrice[],
  { factor, nowMs }: { readonly factor: number; readonly nowMs: number },
): PriceJump | undefined {
  const [latest, ...before] = [...hours].sort((a, b) => b.hourMs - a.hourMs);
  if (latest === undefined || before.length < LEAST_HOURS) return undefined;
  if (nowMs - latest.hourMs > NEWS_MS) return undefined;
  const priceNano = nanoOf(latest);
  const usualNano = median(before.map(nanoOf));
  const [low, high] = priceNano < usualNano ? [priceNano, usualNano] : [usualNano, priceNano];
  if (high < low * BigInt(factor)) return undefined;
  const { nodeType, pipeline, modelId, hourMs, jobs } = latest;
  const timesHundredths = (high * 100n) / (low === 0n ? 1n : low);
  return { nodeType, pipeline, modelId, hourMs, jobs, priceNano, usualNano, timesHundredths };
}

function nanoOf({ grossWei, computeUnits }: HourPrice): bigint {
  return computeUnits === 0n ? 0n : (grossWei * NANO) / computeUnits;
}

function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor(sorted.length / 2)] ?? 0n;
}
