/** How remote workers stand with the guard, what people decided instead, and whether orchestrators obey. */
import { PREFERENCE_ADVICE } from '../../../client/guard/guard-views.js';
import type { RunningPool } from '../../../client/running-pool.js';
import type { JudgedHour } from '../../../core/guard/rules/effect.js';
import { GUARD_STATES } from '../../../core/guard/rules/states.js';
import type { WorkerStanding } from '../../../core/guard/standings.js';
import type { KeptOverride } from '../../../core/guard/store/overrides.js';
import { counted, utc } from '../../page/kit/numbers.js';
import { type Html, PayeeLink, TableSection } from '../../page/kit/parts.js';
import { ActionButton, Frame } from '../frame.js';
import type { Signed } from '../session.js';

interface GuardPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly standings: readonly WorkerStanding[];
  /** Those that hold now. */
  readonly overrides: readonly KeptOverride[];
  readonly hours: readonly JudgedHour[];
}

const MOST_SHOWN = 200;
const SHOWN_HOURS = 24;

export const GuardPage = ({ pool, signed, standings, overrides, hours }: GuardPageProps): Html => {
  const { mode } = pool.config.guard;
  return (
    <Frame pool={pool} signed={signed} title="Workers" path="/operator/guard" json="/v1/guard">
      <p>
        The guard is <b>{mode}</b> (<code>guard.mode</code>).{' '}
        {mode === 'off' && 'Nobody is judged, and what stands here counts for nothing. '}
        <a href="/operator/guard/excluded.txt">Excluded addresses, one a line</a>, for the operator
        of an orchestrator that does not ask for them itself.
      </p>
      <p>
        <ActionButton signed={signed} name="guard.override" subject="" of="a payee" />
      </p>
      <Standings standings={standings} />
      <Overrides signed={signed} overrides={overrides} />
      <Effect hours={hours} />
    </Frame>
  );
};

/** The worse stand first. */
function Standings({ standings }: { readonly standings: readonly WorkerStanding[] }): Html {
  const rankOf = ({ standing }: WorkerStanding) => GUARD_STATES.indexOf(standing.state);
  const shown = standings.toSorted((a, b) => rankOf(b) - rankOf(a)).slice(0, MOST_SHOWN);
  const left = standings.length - shown.length;
  return (
    <TableSection
      isWide
      title="How they stand"
      note={left > 0 ? `${counted(left, 'more')}: openpool guard list` : 'by pipeline and model'}
      columns={['Payee', 'Worker', 'State', 'Since', 'Why', 'What lifts it']}
      rows={shown.map((one) => (
        <tr>
          <td class="s6">
            <PayeeLink address={one.payee} />
          </td>
          <td data-label="Worker">
            {[one.nodeType, one.region, one.pipeline, one.modelId]
              .filter((name) => name !== '')
              .join(', ')}
          </td>
          <td data-label="State">{one.standing.state}</td>
          <td data-label="Since">{utc(new Date(one.standing.sinceMs))}</td>
          <td class="why s6" data-label="Why">
            {one.standing.reason}
          </td>
          <td class="why s6" data-label="What lifts it">
            {one.standing.lifts}
          </td>
        </tr>
      ))}
      empty="Nobody has been judged yet."
    />
  );
}

function Overrides({ signed, overrides }: Pick<GuardPageProps, 'signed' | 'overrides'>): Html {
  return (
    <TableSection
      isWide
      title="Decided by people, and in force"
      columns={['Payee', 'State', 'Until', 'By', 'Because', '']}
      rows={overrides.map(({ id, payee, state, untilDt, actor, reason }) => (
        <tr>
          <td class="s6">
            <PayeeLink address={payee} />
          </td>
          <td data-label="State">{state}</td>
          <td data-label="Until">{utc(untilDt)}</td>
          <td data-label="By">{actor}</td>
          <td class="why s6" data-label="Because">
            {reason}
          </td>
          <td>
            <ActionButton signed={signed} name="guard.withdraw" subject={String(id)} of={payee} />
          </td>
        </tr>
      ))}
      empty="Nothing."
    />
  );
}

/** Shows what stands between backquotes as commands. */
const withCommands = (text: string) =>
  text.split('`').map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part));

/** With ninety-five in a hundred certainty, from two hundred jobs on. */
function Effect({ hours }: Pick<GuardPageProps, 'hours'>): Html {
  return (
    <>
      <p>{withCommands(PREFERENCE_ADVICE)}</p>
      <TableSection
        isWide
        title="Do orchestrators obey?"
        note="who got the jobs while somebody connected was excluded; at least 95 % sure"
        columns={['Hour', '#Jobs', '#To excluded', '#Expected if ignored', 'Verdict', '#By jobs']}
        rows={hours.slice(0, SHOWN_HOURS).map((hour) => (
          <tr>
            <th scope="row">{utc(new Date(hour.hourMs))}</th>
            <td class="num" data-label="Jobs">
              {hour.jobs}
            </td>
            <td class="num" data-label="To excluded">
              {hour.toExcluded}
            </td>
            <td class="num" data-label="Expected if ignored">
              {Math.round(hour.expected)}
            </td>
            <td data-label="Verdict">{hour.verdict}</td>
            <td class="num" data-label="By jobs">
              {hour.judgedBy}
            </td>
          </tr>
        ))}
        empty="Nobody who was connected has been excluded in the last seven days."
      />
    </>
  );
}
