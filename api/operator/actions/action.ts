/** An action of the operator's pages: what it would do is shown first, by the code that then does it. */
import { carryOut, type OrderReports } from '../../../client/carry-out.js';
import { answerTimeoutOf, type RunningPool } from '../../../client/running-pool.js';
import type { Role } from '../../../core/access/rules/roles.js';
import type { Reader } from '../../../core/db/database.js';
import { changeOrRehearse } from '../../../core/db/transact.js';
import type { Decision } from '../../../core/ledger/store/audit-log.js';
import type { OrderArgs, OrderKind } from '../../../core/orders/rules/order-kinds.js';

/** A field that a person fills in before the dry run. */
export interface Input {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly kind: 'text' | 'checkbox' | 'choices';
  readonly isOptional?: boolean;
  /** Of `choices`: what can be ticked. What is given is the values of the ticked ones, with blanks between. */
  readonly choices?: (pool: RunningPool) => Promise<readonly Choice[]>;
}

/** One of several things that can be ticked. */
export interface Choice {
  /** Has no blanks. */
  readonly value: string;
  readonly words: string;
}

/** The values that were ticked, or written with blanks between. */
export const valuesOf = (given: string | undefined): readonly string[] =>
  (given ?? '').split(/\s+/).filter((value) => value !== '');

/** What a form says: what the action is about, and its inputs by name. A checkbox that is not ticked is missing. */
export interface Given {
  readonly subject: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** One try: who decides, and whether it is only to be shown. */
export interface Try extends Decision {
  readonly dryRun: boolean;
}

/** What an action came to, or would come to: sentences. */
export type Outcome = readonly string[];

export interface Action {
  readonly role: Role;
  /** What stands on its button. */
  readonly label: string;
  /** What it does, as the heading of the page on which it is confirmed. */
  readonly title: string;
  readonly inputs?: readonly Input[];
  /** Does it, or in a dry run says what it would come to. Throws what the API would answer with. */
  readonly run: (pool: RunningPool, given: Given, by: Try) => Promise<Outcome>;
}

type Change = (
  reader: Reader,
  given: Given,
  decision: Decision,
  pool: RunningPool,
) => Promise<string>;

/** Makes an action that is one transaction of Postgres; its dry run is the same transaction, taken back. */
export const inPostgres =
  (change: Change, after?: (pool: RunningPool, given: Given) => Promise<void>): Action['run'] =>
  async (pool, given, { dryRun, ...decision }) => {
    const words = await changeOrRehearse(pool.db, dryRun, (reader) =>
      change(reader, given, decision, pool),
    );
    if (!dryRun) await after?.(pool, given);
    return [words];
  };

interface OrderOf<Kind extends OrderKind> {
  readonly kind: Kind;
  readonly subject: (given: Given) => string;
  readonly args: (given: Given) => OrderArgs[Kind];
  readonly words: (report: OrderReports[Kind]) => Outcome;
}

/** Makes an action that a worker carries out; its dry run is the worker's own. */
export const byOrder =
  <Kind extends OrderKind>({ kind, subject, args, words }: OrderOf<Kind>): Action['run'] =>
  async (pool, given, by) => {
    const order = { kind, subject: subject(given), args: args(given), ...by };
    return words(await carryOut(pool, order, answerTimeoutOf(pool)));
  };
