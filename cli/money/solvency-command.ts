import { readSolvencyOf, viewSolvency } from '../../client/payouts/solvency.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { type Fact, formatAmount, formatFacts } from '../output.js';

/** Adds `openpool solvency`: does the pool hold what it owes, and the wallet what the next week needs? */
export function addSolvencyCommand(program: PoolCommand): void {
  program
    .add('solvency', 'whether the pool holds what it owes; exit code 3 when it is known not to')
    .run(tell);
}

async function tell({ deps, answer }: CliContext): Promise<number> {
  const report = await readSolvencyOf(deps);
  const { facts, freeWei, topUpWei, cover } = report;
  const { elsewhereWei } = facts;
  const shown = (wei: bigint | null) => (wei === null ? 'unknown' : formatAmount(wei));
  const lines: readonly Fact[] = [
    ['pending', formatAmount(facts.pendingWei)],
    ['reserved', formatAmount(facts.reservedWei)],
    ['  left the wallet', `${formatAmount(facts.leftWei)}: mined, and not settled yet`],
    ['unattributed', `${formatAmount(facts.unattributedWei)}: at most so much of it becomes owed`],
    ['owed', formatAmount(report.owedWei)],
    ['free in the wallet', shown(freeWei)],
    ['  seen', report.walletSeenAt],
    [
      'elsewhere',
      elsewhereWei === 'untold' ? 'not told (solvency.alsoHeldBy)' : shown(elsewhereWei),
    ],
    ['  seen', report.elsewhereSeenAt],
    ['missing', formatAmount(report.missingWei)],
    ['next seven days', `about ${formatAmount(report.nextWeekWei)}`],
    ['to send to the wallet', topUpWei === 0n ? 'nothing' : formatAmount(topUpWei)],
  ];
  const view = viewSolvency(report);
  return answer(`${view.words}\n\n${formatFacts(lines)}`, view, cover !== 'not-covered');
}
