import type { Command } from 'commander';
import { carryOut } from '../../client/carry-out.js';
import { viewAdjustment } from '../../client/views.js';
import { parseAmountWei } from '../../config/reading/quantity.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress } from '../../core/chain/checksums.js';
import { type CliContext, withContext } from '../context.js';
import { type Rehearsable, rehearsalOf, rehearsed, withRehearsal } from '../decision-options.js';
import { type WorkerOptions, withWorker, workerOf } from '../events/unattributed-commands.js';

interface AdjustOptions extends Rehearsable, WorkerOptions {
  readonly amount: string;
  readonly reference: string;
  readonly allowDebt: boolean;
}

export function addAdjustCommands(program: Command): void {
  const adjust = program
    .command('adjust <payee>')
    .description('add to what is pending for a payee, or take from it, once per reference')
    .requiredOption('--amount <amount>', 'such as "0.05 ETH", "-0.05 ETH" or "5000 wei"')
    .requiredOption('--reference <words>', 'names it for ever: repeated, nothing is booked twice')
    .option('--allow-debt', 'what is pending may go below zero', false);
  withRehearsal(withWorker(adjust)).action(withContext(adjustPayee));
}

async function adjustPayee(
  { deps, answer }: CliContext,
  text: string,
  options: AdjustOptions,
): Promise<void> {
  const decision = rehearsalOf(options);
  const reference = options.reference.trim();
  if (reference === '' || reference.length > 200) {
    throw new PoolError('REQUEST_INVALID', 'the reference has between 1 and 200 characters');
  }
  const payee = parseAddress(text);
  const amountWei = parseSignedAmount(options.amount).toString();
  const { allowDebt } = options;
  const args = { payee, amountWei, ...workerOf(options), allowDebt, reference };
  const report = viewAdjustment(
    await carryOut(deps, { kind: 'ledger.adjust', subject: payee, args, ...decision }),
  );
  answer(rehearsed(report.words, decision.dryRun), report);
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
