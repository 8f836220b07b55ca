/** Who decided what, and why. */
import type { RunningPool } from '../../../client/running-pool.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { Page } from '../../../core/db/paging.js';
import type { AuditLogEntry } from '../../../core/ledger/store/audit-log-reads.js';
import { utc } from '../../page/kit/numbers.js';
import { type Html, Section, TableSection } from '../../page/kit/parts.js';
import { Frame } from '../frame.js';
import type { Signed } from '../session.js';

const FILTERS = [
  ['actor', 'Who', 'such as cli or api:ann'],
  ['action', 'What', 'such as payout.hold, or payout'],
  ['subject', 'Of what', 'an id or an address'],
  ['from', 'From', 'a time, such as 2026-01-31'],
  ['before', 'Before', 'a time'],
] as const;

interface AuditPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly found: Page<AuditLogEntry>;
  /** What the filters say, by their names. */
  readonly asked: Readonly<Record<string, string>>;
}

export function AuditPage({ pool, signed, found, asked }: AuditPageProps): Html {
  const { items, nextCursor } = found;
  return (
    <Frame
      pool={pool}
      signed={signed}
      title="Audit log"
      path="/operator/audit"
      json="/v1/audit-log"
    >
      <Section title="Filter">
        <form class="ask" method="get" action="/operator/audit">
          <div class="filters">
            {FILTERS.map(([name, label, hint]) => (
              <div>
                <label for={name}>{label}</label>
                <input
                  id={name}
                  type="text"
                  name={name}
                  value={asked[name] ?? ''}
                  aria-describedby={`${name}-hint`}
                  autocomplete="off"
                />
                <small id={`${name}-hint`}>{hint}</small>
              </div>
            ))}
          </div>
          <button type="submit" class="first">
            Show
          </button>
          <a href="/operator/audit">All</a>
        </form>
      </Section>
      <TableSection
        isWide
        title="Who decided what"
        note="the newest first"
        columns={['When', 'Who', 'What', 'Of what', 'Why']}
        rows={items.map((entry) => <EntryRow entry={entry} />)}
        empty="Nothing that fits."
      />
      {nextCursor !== null && (
        <p>
          <a href={`/operator/audit?${new URLSearchParams({ ...asked, cursor: nextCursor })}`}>
            Older ones
          </a>
        </p>
      )}
    </Frame>
  );
}

function EntryRow({ entry }: { readonly entry: AuditLogEntry }): Html {
  const { at, actor, action, subject, reason, detail } = entry;
  const more = JSON.stringify(withChecksums(detail));
  return (
    <tr>
      <td class="nowrap s6">
        <time datetime={at.toISOString()}>{utc(at)}</time>
      </td>
      <td class="s2 whole">{actor}</td>
      <td class="s4 whole">{action}</td>
      <td class="s6 whole">{withChecksums(subject)}</td>
      <td class="why s6">
        {reason}
        {more !== '{}' && (
          <details class="fine">
            <summary>In detail</summary>
            {more}
          </details>
        )}
      </td>
    </tr>
  );
}
