import type { Command } from 'commander';
import { carryOut } from '../../client/carry-out.js';
import { viewAdjustment } from '../../client/views/decision-view.js';
import { parseAmountWei } from '../../config/reading/quantity.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import type { NodeType } from '../../core/base/remote-worker.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { type CliContext, withContext } from '../context.js';
import { withWorker } from '../events/unattributed-commands.js';
import { type Repair, withRepair } from '../repair-options.js';
import { ACTOR } from './payout-commands.js';
import { requireReason } from './wallet-commands.js';

interface AdjustOptions extends Repair {
  readonly amount: string;
  readonly reference: string;
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly newPayee: boolean;
  readonly allowDebt: boolean;
}

export function addAdjustCommands(program: Command): void {
  const adjust = program
    .command('adjust <payee>')
    .description('add to what is pending for a payee, or take from it, once per reference')
    .requiredOption('--amount <amount>', 'such as "0.05 ETH", "-0.05 ETH" or "5000 wei"')
    .requiredOption('--reference <words>', 'names it for ever: repeated, nothing is booked twice')
    .option('--allow-debt', 'what is pending may go below zero', false);
  withRepair(withWorker(adjust)).action((payee: string, options: AdjustOptions, command: Command) =>
    withContext(command, (context) => adjustPayee(context, payee, options)),
  );
}

async function adjustPayee(
  { deps, answer }: CliContext,
  payee: string,
  options: AdjustOptions,
): Promise<void> {
  const { reason, dryRun, nodeType = null, region = null, newPayee, allowDebt } = options;
  requireReason(reason);
  const reference = options.reference.trim();
  if (reference === '' || reference.length > 200) {
    throw new PoolError('REQUEST_INVALID', 'the reference has between 1 and 200 characters');
  }
  const address = parseAddress(payee);
  const amountWei = parseSignedAmount(options.amount).toString();
  const args = { payee: address, amountWei, nodeType, region, newPayee, allowDebt, reference };
  const made = await carryOut(deps, {
    ...{ kind: 'ledger.adjust', subject: address, args },
    ...{ reason, dryRun, actor: ACTOR },
  });
  const report = viewAdjustment(made);
  answer(dryRun ? `${report.words}\nnothing was changed: a dry run` : report.words, report);
}

function parseSignedAmount(text: string): bigint {
  const [, minus, magnitude = ''] = /^\s*(-?)\s*(.*)$/su.exec(text) ?? [];
  const amount = parseAmountWei(magnitude);
  if (!amount.ok) throw new PoolError('REQUEST_INVALID', `--amount ${text}: ${amount.mend}`);
  if (amount.value === 0n) {
    const words = `--amount ${text}: zero books nothing, so give an amount above or below it`;
    throw new PoolError('REQUEST_INVALID', words);
  }
  return minus === '-' ? -amount.value : amount.value;
}
