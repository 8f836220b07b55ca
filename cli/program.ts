/** The operator's command line, with all commands. */
import { CommanderError } from 'commander';
import { readVersion } from '../config/reading/program.js';
import { textFault } from '../core/base/text.js';
import { addBackupCommands } from './backup-commands.js';
import { PoolCommand } from './command.js';
import { EXIT } from './context.js';
import { addBackfillCommands } from './events/backfill-commands.js';
import { addDecisionCommands } from './events/decision-commands.js';
import { addSyncCommands } from './events/sync-commands.js';
import { addStatementCommand } from './money/payee-commands.js';
import { addPayoutCommands } from './money/payout-commands.js';
import { addRevenueCommands } from './money/revenue-commands.js';
import { addRoundCommands } from './money/round-commands.js';
import { addSolvencyCommand } from './money/solvency-command.js';
import { addWalletCommands } from './money/wallet-commands.js';
import { addWhyCommand } from './money/why-command.js';
import { addImportCommands } from './moving/import-commands.js';
import { addShadowCommands } from './moving/shadow-commands.js';
import { addDoctorCommand } from './pool/doctor-command.js';
import { addFindingCommands } from './pool/finding-commands.js';
import { addGuardCommands } from './pool/guard-commands.js';
import { addHistoryCommands } from './pool/history-commands.js';
import { addNoticeCommands } from './pool/notice-commands.js';
import { addPolicyCommands } from './pool/policy-commands.js';
import { addDatabaseCommands, addPoolCommands } from './pool/pool-commands.js';
import { addSessionCommands } from './pool/session-commands.js';
import { addSimulateCommand } from './pool/simulate-command.js';
import { addTermsCommands } from './pool/terms-commands.js';
import { addTokenCommands } from './pool/token-commands.js';
import { addWishCommands } from './pool/wish-commands.js';
import { addCompletionCommand } from './setup/completion-command.js';
import { addConfigCommands } from './setup/config-commands.js';
import { addInitCommand } from './setup/init-command.js';
import { addStartCommand } from './setup/start-command.js';

/** Runs one command line, without the program's name in front; sets `process.exitCode`. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  try {
    const program = createProgram();
    const fault = words.map(textFault).find((why) => why !== undefined);
    if (fault !== undefined) program.error(`error: an argument cannot be taken: ${fault}`);
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    // Commander has already printed the message. It also throws for help and version, with exit code 0.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.misused;
  }
}

function createProgram(): PoolCommand {
  const program = new PoolCommand('openpool')
    .description('Looks at a pool and steers it. Amounts are ETH, with the exact wei beside them.')
    .version(readVersion())
    .option('--config <file>', 'the configuration', 'openpool.yaml')
    .option('--json', 'print JSON: amounts in decimal strings of wei', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 refused or failed, 2 wrong command line or configuration, 3 a check found something, 130 left by Ctrl-C while the work goes on.',
    )
    .exitOverride();
  addInitCommand(program);
  addStartCommand(program);
  addPoolCommands(program);
  addConfigCommands(program);
  addPayoutCommands(program);
  addRoundCommands(program);
  addWalletCommands(program);
  addRevenueCommands(program);
  addSolvencyCommand(program);
  addStatementCommand(program);
  addWhyCommand(program);
  addTermsCommands(program);
  addPolicyCommands(program);
  addSimulateCommand(program);
  addTokenCommands(program);
  addSessionCommands(program);
  addFindingCommands(program);
  addGuardCommands(program);
  addNoticeCommands(program);
  addBackfillCommands(program);
  addSyncCommands(program);
  addDecisionCommands(program);
  addHistoryCommands(program);
  addImportCommands(program);
  addShadowCommands(program);
  addDatabaseCommands(program);
  addBackupCommands(program);
  addDoctorCommand(program);
  addWishCommands(program);
  addCompletionCommand(program);
  return program;
}
