/** A command of the command line: the options that several commands share, and what is made of their texts. */
import { Command, InvalidArgumentError } from 'commander';
import type { Quantity } from '../config/reading/quantity.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';
import { type CliContext, withContext } from './context.js';

const DEFAULT_LIMIT = 50;

export class PoolCommand extends Command {
  override createCommand(name?: string): PoolCommand {
    return new PoolCommand(name);
  }

  /** Adds a command below this one. */
  add(nameAndArgs: string, description: string): PoolCommand {
    return this.command(nameAndArgs).description(description);
  }

  withLimit(what = 'at most so many'): this {
    return this.option('--limit <n>', `${what} (200 at most)`, parseLimit, DEFAULT_LIMIT);
  }

  withPage(): this {
    return this.withLimit().option('--cursor <cursor>', 'go on where a page ended');
  }

  withReason(): this {
    return this.requiredOption('--reason <words>', 'kept in the audit log');
  }

  withRehearsal(): this {
    return this.withReason().withDryRun();
  }

  withDryRun(what = 'show what it would do, and do nothing'): this {
    return this.option('--dry-run', what, false);
  }

  /** Sets what the command does. It is given its options in the context, and then its arguments. */
  run<Options, Args extends readonly unknown[]>(
    work: (context: CliContext<Options>, ...args: Args) => Promise<unknown>,
  ): this {
    return this.action(withContext(work));
  }
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  throw new InvalidArgumentError(`give a whole number from 1 to ${MAX_PAGE_SIZE}`);
}

/** Makes the error for arguments or options that make no sense. */
export const misuse = (words: string): PoolError => new PoolError('REQUEST_INVALID', words);

/** Returns the text, and refuses one of another form. The error says that it is no such thing. */
export function requireForm(text: string, form: RegExp, thing: string): string {
  if (form.test(text)) return text;
  throw misuse(`"${text}" is no ${thing}`);
}

export function requirePayoutId(text: string): string {
  const thing = 'id of a payout: copy it from `openpool payout list`';
  return requireForm(text, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, thing);
}

/** Reads an option's quantity, such as `30d`; undefined when the option is not given. */
export function quantityOf<T>(
  option: string,
  text: string | undefined,
  parse: (text: string) => Quantity<T>,
): T | undefined {
  if (text === undefined) return undefined;
  const read = parse(text);
  if (read.ok) return read.value;
  throw misuse(`${option} ${text}: ${read.mend}`);
}
