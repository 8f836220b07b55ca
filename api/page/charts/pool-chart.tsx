/** What the pool earned, paid and owed day by day, as two pictures and as the table that says the same. */
import { formatEth } from '../../../core/base/money.js';
import type { PoolDay } from '../../../core/standing/rules/pool-days.js';
import { groupDigits, shortEth } from '../kit/numbers.js';
import type { Html } from '../kit/parts.js';
import { DayChart } from './day-chart.js';

interface ChartProps {
  readonly days: readonly PoolDay[];
}

export function PoolChart({ days }: ChartProps): Html {
  const names = days.map(({ day }) => day);
  const owedWei = days.at(-1)?.owedWei ?? 0n;
  return (
    <>
      <DayChart
        days={names}
        series={[
          {
            name: 'ETH earned on a day (UTC)',
            colour: 'c-paid',
            wei: days.map(({ netWei }) => netWei),
          },
          { name: 'ETH paid on it', colour: 'c-way', wei: days.map(({ paidWei }) => paidWei) },
        ]}
        label={`What was earned and what was paid in ${days.length} days, day by day; the table below has the figures`}
      />
      <h3>Earned and not yet paid</h3>
      <DayChart
        days={names}
        series={[
          {
            name: 'ETH pending or on its way at the end of a day',
            colour: 'c-wait',
            wei: days.map((one) => one.owedWei),
          },
        ]}
        label={`${shortEth(owedWei)} ETH are pending or on their way now; the table below has each day's end`}
      />
      <DayTable days={days} />
    </>
  );
}

/**
 * The figures of both pictures, newest first, in full: so many amounts as buttons would take as many steps by keyboard. Days of
 * a pool that did not exist yet are left out.
 */
function DayTable({ days }: ChartProps): Html {
  const isFilled = ({ jobs, netWei, paidWei, owedWei }: PoolDay) =>
    jobs > 0 || netWei !== 0n || paidWei !== 0n || owedWei !== 0n;
  const first = days.findIndex(isFilled);
  const filled = first === -1 ? [] : days.slice(first).toReversed();
  return (
    <details>
      <summary>As a table</summary>
      {filled.length === 0 ? (
        <p>Nothing was earned or paid on any of these days.</p>
      ) : (
        <table class="days">
          <thead>
            <tr>
              <th scope="col">Day</th>
              {['Jobs', 'Earned ETH', 'Paid ETH', 'Owed ETH'].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {filled.map(({ day, jobs, netWei, paidWei, owedWei }) => (
              <tr>
                <th scope="row">{day}</th>
                <td>{groupDigits(String(jobs))}</td>
                {[netWei, paidWei, owedWei].map((wei) => (
                  <td>{formatEth(wei)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
