import { html } from 'hono/html';
import { publicError } from '../../../client/views/outside.js';
import type { SourceSummary } from '../../../core/events/store/sources/source-reads.js';
import { groupDigits } from '../format.js';
import { ago, type Html, pill, section } from '../parts.js';
import type { PoolStatus } from '../pool-status.js';
import { CHART_HOURS, hourChart } from './hour-chart.js';

/** A source is shown as late when this many sync intervals have passed without a complete sync. */
const LATE_INTERVALS = 4;
const CHART_TITLE = `Events an hour, ${CHART_HOURS} h`;

export function sourceSection(status: PoolStatus): Html {
  const { sources, hours, now } = status;
  return section({
    title: 'Sources',
    note: 'where the events come from',
    columns: ['Source', 'State', CHART_TITLE, 'Read up to', 'Last read', '#Events, 24 h', '#All'],
    rows: sources.map((source) => {
      const events = groupDigits(source.events.toString());
      return html`<tr>
<td class="s6"><b>${source.id}</b><br><span class="dim">${[source.region, source.nodeType, source.kind].filter(Boolean).join(' · ')}</span></td>
<td class="why s6">${stateOf(source, status)}</td>
<td data-label="${CHART_TITLE}" class="s6">${hourChart(
        hours.filter(({ sourceId }) => sourceId === source.id),
        now,
      )}</td>
<td data-label="Read up to">${ago(source.cursorDt, now, 'nothing yet')}</td>
<td data-label="Last read" class="end">${ago(source.lastSuccessAt, now)}</td>
<td data-label="Events, 24 h" class="num">${groupDigits(source.eventsLastDay.toString())}</td>
<td data-label="All events" class="num end">${events}</td>
</tr>`;
    }),
    empty: 'No source is configured.',
  });
}

function stateOf(source: SourceSummary, { config, now }: PoolStatus): Html {
  if (source.removedAt !== null) return pill('removed', 'mute');
  if (source.lastErrorCode !== null) {
    return html`${pill(source.lastErrorCode, 'bad')}<br>${publicError(source.lastErrorCode)}`;
  }
  if (source.lastSuccessAt === null) return pill('not read yet', 'warn');
  const { incompleteObjects: torn } = source;
  if (torn > 0)
    return pill(torn === 1 ? '1 file is not whole' : `${torn} files are not whole`, 'warn');
  const configured = config.sources.find(({ id }) => id === source.id);
  const intervalMs = configured?.syncIntervalMs ?? config.pool.syncIntervalMs;
  const isLate = now.getTime() - source.lastSuccessAt.getTime() > LATE_INTERVALS * intervalMs;
  return isLate ? pill('late', 'warn') : pill('reads well', 'good');
}
