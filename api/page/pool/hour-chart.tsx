/** Draws a bar chart of the events per hour, by their own times, for two days; the current hour comes last. */
import { roleOf } from '../../../core/events/rules/reading/event-type.js';
import type { HourOfSource } from '../../../core/events/store/sources/source-reads.js';
import { groupDigits } from '../kit/numbers.js';
import type { Html } from '../kit/parts.js';

export const CHART_HOURS = 48;
const HOUR_MS = 3_600_000;
const BAR_WIDTH = 4;
const HEIGHT = 36;

type Bar = ReturnType<typeof toBars>[number];

interface HourChartProps {
  readonly hours: readonly HourOfSource[];
  readonly now: Date;
}

/** Draws the chart. Sizes are attributes, because the page's content policy allows no inline style. */
export function HourChart({ hours, now }: HourChartProps): Html {
  const bars = toBars(hours, now);
  let most = 0n;
  let sum = 0n;
  for (const { events } of bars) {
    if (events > most) most = events;
    sum += events;
  }
  const label = `${groupDigits(sum.toString())} events in ${CHART_HOURS} hours, ${groupDigits(most.toString())} in the busiest`;
  const width = CHART_HOURS * BAR_WIDTH;
  return (
    <svg
      class="hours"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {bars.map((bar, i) => drawBar(bar, i, most))}
      <rect class="ground" y={HEIGHT - 1} width={width} height="1" />
    </svg>
  );
}

function drawBar({ hour, events, zeroFees }: Bar, i: number, most: bigint): Html | null {
  if (events === 0n) return null;
  const full = heightOf(events, most);
  const free = zeroFees === 0n ? 0 : heightOf(zeroFees, most);
  const at = hour.toISOString().slice(0, 16).replace('T', ' ');
  const fees = zeroFees === 0n ? '' : `, ${groupDigits(zeroFees.toString())} without a fee`;
  const x = i * BAR_WIDTH;
  const width = BAR_WIDTH - 1;
  return (
    <g>
      <title>{`${at} UTC: ${groupDigits(events.toString())} events${fees}`}</title>
      <rect x={x} y={HEIGHT - 1 - full} width={width} height={full} />
      {free > 0 && <rect class="free" x={x} y={HEIGHT - 1 - free} width={width} height={free} />}
    </g>
  );
}

/** Returns the height of a bar, at least one pixel, so that one event next to millions can be seen. */
function heightOf(events: bigint, most: bigint): number {
  const whole = HEIGHT - 2;
  return Math.max(1, Number((events * BigInt(whole)) / most));
}

/** Adds up the events of each hour, and those of them that are jobs without a fee. */
function toBars(hours: readonly HourOfSource[], now: Date) {
  const last = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  const sums = new Map<number, { events: bigint; zeroFees: bigint }>();
  for (const { hour, eventType, version, events, zeroFeeEvents } of hours) {
    const sum = sums.get(hour.getTime()) ?? { events: 0n, zeroFees: 0n };
    sum.events += events;
    if (roleOf(eventType, version) === 'job') sum.zeroFees += zeroFeeEvents;
    sums.set(hour.getTime(), sum);
  }
  return Array.from({ length: CHART_HOURS }, (_, i) => {
    const hourMs = last - (CHART_HOURS - 1 - i) * HOUR_MS;
    return { hour: new Date(hourMs), ...(sums.get(hourMs) ?? { events: 0n, zeroFees: 0n }) };
  });
}

/** Returns the chart's first hour. */
export const chartStart = (now: Date): Date =>
  new Date((Math.floor(now.getTime() / HOUR_MS) - CHART_HOURS + 1) * HOUR_MS);
