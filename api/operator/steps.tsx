/** Leads through an action: ask what it needs to know, show what it would come to, do what was looked at. */
import { createHash, randomUUID } from 'node:crypto';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { toErrorAnswer } from '../../client/error-answers.js';
import type { RunningPool } from '../../client/running-pool.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import type { Html } from '../page/kit/parts.js';
import type { Choice, Given } from './actions/action.js';
import { ACTIONS, type ActionName } from './actions/actions.js';
import type { Form } from './forms.js';
import { AskPage, ConfirmPage, DonePage } from './pages/action-pages.js';
import type { Signed } from './session.js';

interface Step {
  readonly pool: RunningPool;
  readonly signed: Signed;
  readonly name: ActionName;
}

interface Stepped {
  readonly page: Html;
  readonly status: ContentfulStatusCode;
}

/** The reason of a dry run; it is kept nowhere. */
const LOOKING = 'a dry run';
const CHANGED = 'This is not what you looked at any more. Look at it again before you confirm.';

/** Takes the step of an action that the form asks for. */
export async function takeStep(step: Step, form: Form): Promise<Stepped> {
  const { pool, signed, name } = step;
  const given = givenOf(name, form);
  if (isAsking(name, given)) return ask({ ...step, given }, 200);
  const actor = signed.bearer.name;
  let outcome: readonly string[];
  try {
    outcome = await ACTIONS[name].run(pool, given, { actor, reason: LOOKING, dryRun: true });
  } catch (error) {
    return askAgain(step, given, error);
  }
  const seen = seenOf(given, outcome);
  if (form.seen === '') return confirm({ ...step, given, outcome, seen }, 200);
  if (form.seen !== seen) return confirm({ ...step, given, outcome, seen, again: CHANGED }, 409);
  if (form.reason === '') throw new PoolError('REASON_MISSING', 'Say why: the audit log keeps it.');
  const done = await ACTIONS[name].run(pool, given, { actor, reason: form.reason, dryRun: false });
  const { title } = ACTIONS[name];
  const page = <DonePage pool={pool} signed={signed} title={title} outcome={done} />;
  return { page, status: 200 };
}

const confirm = (
  props: Parameters<typeof ConfirmPage>[0],
  status: ContentfulStatusCode,
): Stepped => ({ page: <ConfirmPage {...props} />, status });

/** Asks for what the action needs to know, with what can be chosen from. */
async function ask(
  props: Parameters<typeof AskPage>[0],
  status: ContentfulStatusCode,
): Promise<Stepped> {
  const choices: Record<string, readonly Choice[]> = {};
  for (const { name, choices: read } of ACTIONS[props.name].inputs ?? []) {
    if (read !== undefined) choices[name] = await read(props.pool);
  }
  return { page: <AskPage {...props} choices={choices} />, status };
}

/** Keeps what the action asks for, and gives a payment its key: sent twice, the form makes one payout. */
function givenOf(name: ActionName, { subject, inputs }: Form): Given {
  const { inputs: known = [] } = ACTIONS[name];
  const kept = known.flatMap(({ name: field }) => {
    const value = inputs[field];
    return value === undefined || value === '' ? [] : [[field, value] as const];
  });
  if (name !== 'payout.pay') return { subject, inputs: Object.fromEntries(kept) };
  const isKey = /^operator-[0-9a-f-]{36}$/.test(inputs.key ?? '');
  const key = isKey && inputs.key !== undefined ? inputs.key : `operator-${randomUUID()}`;
  return { subject, inputs: Object.fromEntries([...kept, ['key', key]]) };
}

function isAsking(name: ActionName, { inputs }: Given): boolean {
  const { inputs: known = [] } = ACTIONS[name];
  return known.some((field) => field.isOptional !== true && inputs[field.name] === undefined);
}

/** Says what is wrong with what was given, where it can be given anew; other refusals get a page of their own. */
async function askAgain(step: Step, given: Given, error: unknown): Promise<Stepped> {
  const { status, body } = toErrorAnswer(error);
  const { inputs = [] } = ACTIONS[step.name];
  if (inputs.length === 0 || status >= 500) throw error;
  const wrong = `${body.message} ${body.help}`;
  return ask({ ...step, given, wrong }, status);
}

/** Stands for what was looked at. */
const seenOf = (given: Given, outcome: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([given.subject, given.inputs, outcome]))
    .digest('base64url');
