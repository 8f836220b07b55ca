/** A picture of amounts day by day: a bar for each day and series, and the mean of a week as a curve. */
import { scaleBand, scaleLinear } from 'd3-scale';
import { curveMonotoneX, line } from 'd3-shape';
import { utcDay, utcMonday } from 'd3-time';
import type { Html } from '../kit/parts.js';

export const WIDTH = 720;
export const HEIGHT = 220;
const MARGIN = { top: 12, right: 4, bottom: 26, left: 70 };
/** The curve is the mean of this many days. */
const MEAN_DAYS = 7;
const WEI_OF_ETH = 1e18;
const GRID_LINES = 4;
/** However little an amount is, its bar can be seen. */
const LEAST_HEIGHT = 1.5;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Only places in the picture are made of this number; every amount that is read stays exact. */
const inEth = (wei: bigint): number => Number(wei) / WEI_OF_ETH;
const timeOf = (day: string): Date => new Date(`${day}T00:00:00Z`);
const rounded = (value: number): number => Math.round(value * 10) / 10;

/**
 * Places bars, curve and axes. A pure function of the days (UTC, `YYYY-MM-DD`), which are in order and have no gaps, and of one
 * amount for each day in every series. The bars of a day stand side by side; the curve follows the first series.
 */
export function layOut(days: readonly string[], series: readonly (readonly bigint[])[]) {
  const values = series.map((amounts) => amounts.map(inEth));
  const most = Math.max(0, ...values.flat());
  const least = Math.min(0, ...values.flat());
  const x = scaleBand()
    .domain(days)
    .range([MARGIN.left, WIDTH - MARGIN.right])
    .padding(0.2);
  const y = scaleLinear()
    .domain([least, most === 0 && least === 0 ? 1 : most])
    .nice(GRID_LINES)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const width = x.bandwidth() / Math.max(1, series.length);
  const barOf = (day: string, value: number, place: number) => {
    const [top, height] = [Math.min(y(value), y(0)), Math.abs(y(value) - y(0))];
    return {
      x: (x(day) ?? 0) + place * width,
      y: top,
      height: value === 0 ? 0 : Math.max(LEAST_HEIGHT, height),
    };
  };
  const middle = (day: string) => (x(day) ?? 0) + x.bandwidth() / 2;
  const means = days.slice(MEAN_DAYS - 1).map((day, index) => {
    const week = values[0]?.slice(index, index + MEAN_DAYS) ?? [];
    return [middle(day), y(week.reduce((a, b) => a + b, 0) / MEAN_DAYS)] as [number, number];
  });
  return {
    bars: values.map((of, place) => days.map((day, index) => barOf(day, of[index] ?? 0, place))),
    width,
    curve: means.length < 2 ? null : line().curve(curveMonotoneX)(means),
    grid: y.ticks(GRID_LINES).map((value) => ({ value, y: y(value) })),
    marks: markedDays(days).map((at) => ({
      label: `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`,
      x: middle(at.toISOString().slice(0, 10)),
    })),
  };
}

/** The days whose dates stand below the bars: each of a week, else Mondays. */
function markedDays(days: readonly string[]): readonly Date[] {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const step =
    days.length > MEAN_DAYS ? utcMonday.every(days.length > 31 ? 2 : 1) : utcDay.every(1);
  return step?.range(timeOf(first), utcDay.offset(timeOf(last), 1)) ?? [];
}

interface ChartProps {
  readonly days: readonly string[];
  readonly series: readonly {
    /** What the key says of it. */
    readonly name: string;
    /** The class of its colour. */
    readonly colour: string;
    /** One amount for each of the days. */
    readonly wei: readonly bigint[];
  }[];
  /** Whether the mean of a week is drawn. */
  readonly hasCurve?: boolean;
  /** What the picture shows, for who cannot see it. */
  readonly label: string;
}

export function DayChart({ days, series, hasCurve = false, label }: ChartProps): Html {
  const { bars, width, curve, grid, marks } = layOut(
    days,
    series.map(({ wei }) => wei),
  );
  const drawn = hasCurve ? curve : null;
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
        {series.map(({ colour }, index) => (
          <path class={`bars ${colour}`} d={pathOf(bars[index] ?? [], width)} />
        ))}
        {drawn !== null && (
          <path
            class="line c-wait"
            d={drawn.replace(/\d+\.\d+/g, (n) => String(rounded(Number(n))))}
          />
        )}
        {marks.map(({ label: words, x }) => (
          <text x={rounded(x)} y={HEIGHT - 8} text-anchor={x > WIDTH - 40 ? 'end' : 'middle'}>
            {words}
          </text>
        ))}
      </svg>
      <ul class="key">
        {series.map(({ name, colour }) => (
          <li>
            <i class={colour} /> {name}
          </li>
        ))}
        {drawn !== null && (
          <li>
            <svg viewBox="0 0 16 16" aria-hidden="true" class="chart">
              <path class="line c-wait" d="M0 8H16" />
            </svg>
            mean of seven days
          </li>
        )}
      </ul>
    </>
  );
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** All bars of a series as one path, which is a third of the bytes of as many rectangles. */
const pathOf = (bars: readonly Bar[], width: number): string =>
  bars
    .filter(({ height }) => height > 0)
    .map(({ x, y, height }) => {
      const across = rounded(width);
      return `M${rounded(x)} ${rounded(y)}h${across}v${rounded(height)}h-${across}z`;
    })
    .join('');
