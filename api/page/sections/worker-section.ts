import { html } from 'hono/html';
import { publicRegion } from '../../../client/views/outside.js';
import type { RemoteWorkerSummary } from '../../../core/payees/store/remote-worker-reads.js';
import { groupDigits } from '../format.js';
import { ago, eth, type Html, payeeLink, pill, section } from '../parts.js';
import type { PoolStatus } from '../pool-status.js';

export function workerSection({ workers, totals, now }: PoolStatus): Html {
  const shown = workers.length < totals.workers ? `; the first ${workers.length} are shown` : '';
  return section({
    title: 'Remote workers',
    note: `${totals.workersOnline} of ${totals.workers} online${shown}`,
    columns: ['Worker', 'Does', 'Region', '#Jobs', '#Pending ETH', '#Paid ETH', 'Last event'],
    rows: workers.map((worker) => workerRow(worker, now)),
    empty: 'No worker has connected yet.',
  });
}

function workerRow(worker: RemoteWorkerSummary, now: Date): Html {
  const state = worker.online ? 'online' : 'offline';
  const zeroFees = `${groupDigits(worker.zeroFeeJobs)} of them without a fee`;
  return html`<tr>
<td class="s4"><span class="dot ${worker.online ? 'on' : ''}" title="${state}" role="img" aria-label="${state}"></span>${payeeLink(worker.payee)}</td>
<td class="s2 end">${pill(worker.nodeType, worker.nodeType === 'ai' ? 'info' : 'mute')}</td>
<td class="later">${publicRegion(worker.region)}</td>
<td data-label="Jobs" class="num s2"><span title="${zeroFees}">${groupDigits(worker.jobs)}</span></td>
<td data-label="Pending ETH" class="num s2">${eth(worker.pendingWei + worker.reservedWei)}</td>
<td data-label="Paid ETH" class="num s2 end">${eth(worker.paidWei)}</td>
<td class="later end">${ago(worker.lastEventAt, now)}</td>
</tr>`;
}
