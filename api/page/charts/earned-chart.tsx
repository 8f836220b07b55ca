/** What was earned day by day, as a picture and as the table that says the same. */
import type { EarnedDay } from '../../../core/payees/rules/earned-days.js';
import { shortEth } from '../kit/numbers.js';
import { type Html, JobsTable } from '../kit/parts.js';
import { DayChart } from './day-chart.js';

interface ChartProps {
  readonly days: readonly EarnedDay[];
  /** What all days sum to. */
  readonly totalWei: bigint;
}

export const EarnedChart = ({ days, totalWei }: ChartProps): Html => (
  <>
    <DayChart
      days={days.map(({ day }) => day)}
      series={[
        {
          name: 'ETH earned on a day (UTC)',
          colour: 'c-paid',
          wei: days.map(({ netWei }) => netWei),
        },
      ]}
      hasCurve
      label={`${shortEth(totalWei)} ETH earned in ${days.length} days, day by day; the table below has the figures`}
    />
    <DayTable days={days} />
  </>
);

/** The figures of the picture, newest first. Days on which nothing was earned are left out. */
function DayTable({ days }: Pick<ChartProps, 'days'>): Html {
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
