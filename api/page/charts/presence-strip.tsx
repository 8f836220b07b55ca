/** Ninety days at a glance: there, away, or not seen. Each differs in its form, so that no colour is needed to tell. */

import type { Presence, PresenceDay } from '../../../core/payees/rules/presence.js';
import type { Html } from '../kit/parts.js';

const STEP = 8;
const HEIGHT = 32;

const WORDS: Readonly<Record<Presence, string>> = {
  on: 'connected all day',
  part: 'connected for some of the day',
  away: 'you were away',
  unseen: 'the pool could not see you',
  before: 'not known here yet',
};
const SHOWN = ['on', 'part', 'away', 'unseen'] as const;

/** One day's mark at `x`: a full bar, half a bar, an empty box at the foot, a row of bars across, or a dot. */
function Mark({ presence, x }: { readonly presence: Presence; readonly x: number }): Html {
  switch (presence) {
    case 'on':
      return <rect class="s-on" x={x} y="0" width="6" height={HEIGHT} />;
    case 'part':
      return <rect class="s-on" x={x} y={HEIGHT / 2} width="6" height={HEIGHT / 2} />;
    case 'away':
      return <rect class="s-off" x={x + 0.5} y={HEIGHT - 6.5} width="5" height="6" />;
    case 'unseen':
      return (
        <>
          {[2, 10, 18, 26].map((y) => (
            <rect class="s-blind" x={x} y={y} width="6" height="3" />
          ))}
        </>
      );
    case 'before':
      return <rect class="s-none" x={x + 2} y={HEIGHT - 3} width="2" height="2" />;
  }
}

export function PresenceStrip({ days }: { readonly days: readonly PresenceDay[] }): Html {
  const counts = SHOWN.map((presence) => ({
    presence,
    days: days.filter((day) => day.presence === presence).length,
  }));
  const label = counts
    .map(({ presence, days: count }) => `${count} days ${WORDS[presence]}`)
    .join(', ');
  return (
    <>
      <svg
        class="strip"
        viewBox={`0 0 ${days.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {days.map(({ presence }, index) => (
          <Mark presence={presence} x={index * STEP} />
        ))}
      </svg>
      <ul class="key">
        {counts.map(({ presence, days: count }) => (
          <li>
            <svg viewBox={`0 0 ${STEP} ${HEIGHT}`} aria-hidden="true">
              <Mark presence={presence} x={1} />
            </svg>
            {WORDS[presence]}: {count} {count === 1 ? 'day' : 'days'}
          </li>
        ))}
      </ul>
      <details>
        <summary>As a table</summary>
        <div>
          <table>
            <tbody>
              {runsOf(days).map(({ from, to, presence, count }) => (
                <tr data-key={`seen-${from}`}>
                  <th scope="row">{from === to ? from : `${from} to ${to}`}</th>
                  <td>{WORDS[presence]}</td>
                  <td class="num">{count === 1 ? '1 day' : `${count} days`}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

interface Run {
  readonly from: string;
  readonly to: string;
  readonly presence: Presence;
  readonly count: number;
}

/** Days in a row that were alike, the newest first. */
function runsOf(days: readonly PresenceDay[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { day, presence } of days) {
    if (presence === 'before') continue;
    const last = runs.at(-1);
    if (last?.presence === presence)
      runs.splice(-1, 1, { ...last, to: day, count: last.count + 1 });
    else runs.push({ from: day, to: day, presence, count: 1 });
  }
  return runs.toReversed();
}
