/** Chain against ledger, and balances against events: what the last comparisons came to, and the buttons for new ones. */
import type { RunningPool } from '../../../client/running-pool.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import type { KeptReconciliation } from '../../../core/checks/store/reconciliation-records.js';
import type { listRebuilds } from '../../../core/history/rebuild/rebuild.js';
import { counted, utc } from '../../page/kit/numbers.js';
import { type Html, Pill, TableSection } from '../../page/kit/parts.js';
import { ActionButton, Frame } from '../frame.js';
import type { Signed } from '../session.js';

interface ChecksPageProps {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly reconciliations: readonly KeptReconciliation[];
  readonly rebuilds: Awaited<ReturnType<typeof listRebuilds>>;
}

export function ChecksPage({ pool, signed, reconciliations, rebuilds }: ChecksPageProps): Html {
  return (
    <Frame pool={pool} signed={signed} title="Checks" path="/operator/checks">
      <TableSection
        isWide
        title="Chain against ledger"
        note={<ActionButton signed={signed} name="reconcile.start" subject="wallet" isFirst />}
        columns={['When', 'Blocks', 'Result', 'What does not fit']}
        rows={reconciliations.map((one) => (
          <CheckRow
            at={one.at}
            what={`${one.fromBlock} to ${one.toBlock}`}
            ok={one.ok}
            lines={one.discrepancies.map(({ message }) => message)}
          />
        ))}
        empty="Not compared yet."
      />
      <TableSection
        isWide
        title="Balances against events"
        note={
          <>
            <ActionButton signed={signed} name="rebuild.compare" subject="ledger" isFirst />
            <ActionButton signed={signed} name="rebuild.correct" subject="ledger" />
          </>
        }
        columns={['When', 'Events', 'Result', 'What differs']}
        rows={rebuilds.map((one) => (
          <CheckRow
            at={one.at}
            what={`${counted(one.events, 'event')}${one.applied ? ', corrected' : ''}`}
            ok={one.ok}
            lines={one.findings.slice(0, SHOWN).map(({ message }) => message)}
          />
        ))}
        empty="Not computed again yet."
      />
    </Frame>
  );
}

const SHOWN = 5;

interface CheckRowProps {
  readonly at: Date;
  readonly what: string;
  readonly ok: boolean;
  readonly lines: readonly string[];
}

const CheckRow = ({ at, what, ok, lines }: CheckRowProps): Html => (
  <tr>
    <td class="nowrap s6">{utc(at)}</td>
    <td class="s4">{what}</td>
    <td class="s2 end">
      <Pill tone={ok ? 'good' : 'bad'}>{ok ? 'adds up' : 'differs'}</Pill>
    </td>
    <td class="why s6">{lines.map(withChecksums).join('; ')}</td>
  </tr>
);
