/** What was earned day by day, as a picture and as the table that says the same. */
import { scaleBand, scaleLinear } from 'd3-scale';
import { curveMonotoneX, line } from 'd3-shape';
import { utcDay, utcMonday } from 'd3-time';
import type { EarnedDay } from '../../../core/payees/rules/earned-days.js';
import { shortEth } from '../kit/numbers.js';
import { type Html, JobsTable } from '../kit/parts.js';

/** The spans that can be chosen, in days. */
export const SPANS = [7, 30, 90] as const;
export type Span = (typeof SPANS)[number];

/** The span that a query asks for; anything else shows thirty days. */
export const spanOf = (asked: string | undefined): Span =>
  SPANS.find((span) => String(span) === asked) ?? 30;

const WIDTH = 720;
const HEIGHT = 220;
const MARGIN = { top: 12, right: 4, bottom: 26, left: 70 };
/** The curve is the mean of this many days. */
const MEAN_DAYS = 7;
const WEI_OF_ETH = 1e18;
const GRID_LINES = 4;

/** Only places in the picture are made of this number; every amount that is read stays exact. */
const inEth = (wei: bigint): number => Number(wei) / WEI_OF_ETH;
const timeOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** Places bars, curve and axes. A pure function of the days, which are in order and have no gaps. */
export function layOut(days: readonly EarnedDay[]) {
  const values = days.map(({ netWei }) => inEth(netWei));
  const most = Math.max(0, ...values);
  const least = Math.min(0, ...values);
  const x = scaleBand()
    .domain(days.map(({ day }) => day))
    .range([MARGIN.left, WIDTH - MARGIN.right])
    .padding(0.2);
  const y = scaleLinear()
    .domain([least, most === 0 && least === 0 ? 1 : most])
    .nice(GRID_LINES)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const middle = (day: string) => (x(day) ?? 0) + x.bandwidth() / 2;
  const means = days.slice(MEAN_DAYS - 1).map(({ day }, index) => {
    const sum = values.slice(index, index + MEAN_DAYS).reduce((a, b) => a + b, 0);
    return [middle(day), y(sum / MEAN_DAYS)] as [number, number];
  });
  const [first, last] = [days[0], days.at(-1)];
  const step =
    days.length > MEAN_DAYS ? utcMonday.every(days.length > 31 ? 2 : 1) : utcDay.every(1);
  const marked =
    first === undefined || last === undefined
      ? []
      : (step?.range(timeOf(first.day), utcDay.offset(timeOf(last.day), 1)) ?? []);
  return {
    bars: days.map(({ day, netWei }) => {
      const top = Math.min(y(inEth(netWei)), y(0));
      const height = Math.abs(y(inEth(netWei)) - y(0));
      // However little was earned, it can be seen.
      return {
        day,
        netWei,
        x: x(day) ?? 0,
        y: top,
        height: netWei === 0n ? 0 : Math.max(1.5, height),
      };
    }),
    width: x.bandwidth(),
    curve: means.length < 2 ? null : line().curve(curveMonotoneX)(means),
    grid: y.ticks(GRID_LINES).map((value) => ({ value, y: y(value) })),
    marks: marked.map((at) => {
      const day = at.toISOString().slice(0, 10);
      return { label: `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`, x: middle(day) };
    }),
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const rounded = (value: number): number => Math.round(value * 10) / 10;

interface ChartProps {
  readonly days: readonly EarnedDay[];
  /** What all days sum to. */
  readonly totalWei: bigint;
}

export function EarnedChart({ days, totalWei }: ChartProps): Html {
  const { bars, width, curve, grid, marks } = layOut(days);
  const label = `${shortEth(totalWei)} ETH earned in ${days.length} days, day by day; the table below has the figures`;
  return (
    <>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {grid.map(({ value, y }) => (
          <>
            <line
              class="grid"
              x1={MARGIN.left}
              x2={WIDTH - MARGIN.right}
              y1={rounded(y)}
              y2={rounded(y)}
            />
            <text x={MARGIN.left - 8} y={rounded(y) + 4} text-anchor="end">
              {String(Number(value.toPrecision(6)))}
            </text>
          </>
        ))}
        {bars.map(({ x, y, height }) => (
          <rect
            class="c-paid"
            x={rounded(x)}
            y={rounded(y)}
            width={rounded(width)}
            height={rounded(height)}
          />
        ))}
        {curve !== null && (
          <path
            class="line c-wait"
            d={curve.replace(/\d+\.\d+/g, (n) => String(rounded(Number(n))))}
          />
        )}
        {marks.map(({ label: words, x }) => (
          <text x={rounded(x)} y={HEIGHT - 8} text-anchor={x > WIDTH - 40 ? 'end' : 'middle'}>
            {words}
          </text>
        ))}
      </svg>
      <ul class="key">
        <li>
          <i class="c-paid" /> ETH earned on a day (UTC)
        </li>
        {curve !== null && (
          <li>
            <svg viewBox="0 0 16 16" aria-hidden="true" class="chart">
              <path class="line c-wait" d="M0 8H16" />
            </svg>
            mean of seven days
          </li>
        )}
      </ul>
      <DayTable days={days} />
    </>
  );
}

/** The figures of the picture, newest first. Days on which nothing was earned are left out. */
function DayTable({ days }: { readonly days: readonly EarnedDay[] }): Html {
  const filled = days.filter(({ jobs, netWei }) => jobs > 0 || netWei !== 0n).toReversed();
  return (
    <details>
      <summary>As a table</summary>
      {filled.length === 0 ? (
        <p>Nothing was earned on any of these days.</p>
      ) : (
        <div>
          <JobsTable title="Day" rows={filled.map((one) => ({ ...one, name: one.day }))} />
        </div>
      )}
    </details>
  );
}

interface TabsProps {
  /** The path of the page. */
  readonly path: string;
  readonly chosen: Span;
}

export const SpanTabs = ({ path, chosen }: TabsProps): Html => (
  <nav class="tabs" aria-label="How many days">
    {SPANS.map((span) => (
      <a href={`${path}?days=${span}`} aria-current={span === chosen ? 'true' : undefined}>
        {span} days
      </a>
    ))}
  </nav>
);
