/** The sentinel's open findings: the most severe first, acknowledged ones last. */
import { html } from 'hono/html';
import { publicFinding } from '../../../client/views/finding-view.js';
import { duration } from '../../../core/base/duration.js';
import type { ShownFinding } from '../../../core/sentinel/store/finding-reads.js';
import { ago, type Html, pill, section } from '../parts.js';
import type { PoolStatus } from '../pool-status.js';

/** The sentinel looks every minute; without a look for this many ms, it counts as not running. */
const BLIND_MS = 5 * 60_000;

export function findingSection(status: PoolStatus): Html {
  const { findings, findingTotals, now } = status;
  const open = findingTotals.counts.reduce((sum, count) => sum + count.findings, 0);
  const more = findings.length < open ? `the first ${findings.length} of ${open}; ` : '';
  return section({
    title: 'What wants a look',
    note: `${more}${looked(status)}`,
    columns: ['Finding', 'Source', 'What is seen', 'Since'],
    rows: findings.map(
      (finding) => html`<tr${finding.acknowledged === null ? '' : html` class="dim"`}>
<td class="s4">${codePill(finding)}</td>
<td class="s2 end">${finding.sourceId === '' ? 'the pool' : finding.sourceId}</td>
<td class="why s6 later">${publicFinding(finding).words}${acknowledgement(finding)}</td>
<td class="later">${ago(finding.openedAt, now)}</td>
</tr>`,
    ),
    empty: 'Nothing: what comes in looks as usual.',
  });
}

function looked({ findingTotals: { lookedAt }, now }: PoolStatus): string {
  if (lookedAt === null) return 'the sentinel has not looked yet';
  const ageMs = now.getTime() - lookedAt.getTime();
  const words = `the sentinel looked ${duration(ageMs)} ago`;
  return ageMs > BLIND_MS ? `${words}: no worker runs, or Temporal is away` : words;
}

function codePill({ code, severity, acknowledged }: ShownFinding): Html {
  if (acknowledged !== null) return pill(code, 'mute');
  return pill(code, severity === 'grave' ? 'bad' : 'warn');
}

function acknowledgement({ acknowledged }: ShownFinding): Html {
  if (acknowledged === null) return html``;
  return html`<br>Acknowledged by ${acknowledged.by}.`;
}
