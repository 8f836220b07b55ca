/** The options of commands that list something page by page. */
import { type Command, InvalidArgumentError } from 'commander';
import { MAX_PAGE_SIZE, type Page, type PageRequest } from '../core/db/paging.js';

const DEFAULT_LIMIT = 50;

export interface PageOptions {
  readonly limit: number;
  readonly cursor?: string;
}

export const withLimit = (command: Command, what = 'at most so many'): Command =>
  command.option('--limit <n>', `${what} (200 at most)`, parseLimit, DEFAULT_LIMIT);

export const withPage = (command: Command): Command =>
  withLimit(command).option('--cursor <cursor>', 'go on where a page ended');

export const pageOf = ({ limit, cursor }: PageOptions): PageRequest => ({
  limit,
  cursor: cursor ?? null,
});

/** The line below a table that says how to get the next page; empty on the last page. */
export const moreOf = ({ nextCursor }: Page<unknown>): string =>
  nextCursor === null ? '' : `\nmore: --cursor ${nextCursor}`;

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return limit;
  throw new InvalidArgumentError(`give a whole number from 1 to ${MAX_PAGE_SIZE}`);
}
