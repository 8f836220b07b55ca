import type { Command } from 'commander';

/** Every repair has a dry run, and a reason that is kept. */
export interface Repair {
  readonly reason: string;
  readonly dryRun: boolean;
}

export function withRepair(command: Command): Command {
  return command
    .requiredOption('--reason <words>', 'kept in the audit log')
    .option('--dry-run', 'show what it would do, and do nothing', false);
}

/** A command that another file has added. */
export function subcommandOf(program: Command, name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
  if (found === undefined) throw new RangeError(`there is no command ${name}`);
  return found;
}
