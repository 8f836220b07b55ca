/** Reads what a form of the operator's pages sends. */
import type { Context } from 'hono';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { findTextFault } from '../../core/base/text.js';

export interface Form {
  readonly subject: string;
  /** The form's own token. */
  readonly token: string;
  /** Why it is to be done; empty until somebody has said so. */
  readonly reason: string;
  /** Stands for the dry run's result that was looked at; empty before. */
  readonly seen: string;
  /** All other fields. */
  readonly inputs: Readonly<Record<string, string>>;
}

const MOST_REASON = 500;

/** Reads a form. Throws REQUEST_INVALID for files, and for texts that Postgres cannot keep. */
export async function readForm(c: Context): Promise<Form> {
  const fields = await c.req.parseBody({ all: true }).catch(() => ({}));
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries<unknown>(fields)) {
    // Boxes of one name that are ticked: their values, with blanks between.
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    texts[name] = values
      .filter((one) => typeof one === 'string')
      .join(' ')
      .trim();
  }
  const fault = findTextFault(texts);
  if (fault !== undefined)
    throw new PoolError('REQUEST_INVALID', `This cannot be taken: ${fault.why}.`);
  const { subject = '', form: token = '', reason = '', seen = '', ...inputs } = texts;
  if (reason.length > MOST_REASON) {
    throw new PoolError('REQUEST_INVALID', `The reason may have ${MOST_REASON} characters.`);
  }
  return { subject, token, reason, seen, inputs };
}
