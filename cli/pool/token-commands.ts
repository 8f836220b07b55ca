/** The commands that make, list and revoke the API's tokens. They need only Postgres. */
import { Option } from 'commander';
import { parseDurationMs } from '../../config/reading/quantity.js';
import { ROLES, type Role } from '../../core/access/rules/roles.js';
import {
  createToken,
  listTokens,
  revokeToken,
  type TokenRecord,
} from '../../core/access/store/tokens.js';
import { type PoolCommand, quantityOf } from '../command.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output.js';

interface CreateOptions {
  readonly role: Role;
  readonly expiresIn?: string;
}

export function addTokenCommands(program: PoolCommand): void {
  const token = program.add('token', 'who may use the API, and for what');
  token
    .add('list', 'all tokens by name, with their roles; the tokens themselves are not kept')
    .run(list);
  const roles = new Option('--role <role>', 'read: see all; operate: also decide; admin: all');
  token
    .add('create <name>', 'make a token, and print it: it is shown this once')
    .addOption(roles.choices(ROLES).makeOptionMandatory())
    .option('--expires-in <duration>', 'such as 90d; default: it has no end')
    .withReason()
    .run(create);
  token.add('revoke <name>', 'accept a token no longer, within a second').withReason().run(revoke);
}

async function list({ db, answer }: CliContext): Promise<void> {
  const tokens = await listTokens(db);
  const text = formatTable(tokens, {
    name: ({ name }) => name,
    role: ({ role }) => role,
    state: stateOf,
    made: ({ createdAt }) => createdAt,
    until: ({ expiresAt }) => expiresAt,
  });
  answer(text, { tokens: tokens.map((record) => ({ ...record, state: stateOf(record) })) });
}

function stateOf({ revokedAt, expiresAt }: TokenRecord): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= new Date() ? 'expired' : 'accepted';
}

async function create(
  { db, decide, options, answer }: CliContext<CreateOptions>,
  name: string,
): Promise<void> {
  const { role, expiresIn } = options;
  const { actor, reason } = decide();
  const lifeMs = quantityOf('--expires-in', expiresIn, parseDurationMs);
  const expiresAt = lifeMs === undefined ? null : new Date(Date.now() + lifeMs);
  const { token, record } = await createToken(db, { actor, reason, name, role, expiresAt });
  const words = `${record.name}, role ${role}. It is not kept and not shown again: store it now.`;
  answer(`${token}\n${words}`, { ...record, token });
}

async function revoke({ db, decide, answer }: CliContext, name: string): Promise<void> {
  const { actor, reason } = decide();
  const record = await revokeToken(db, { actor, reason, name });
  answer(`${record.name} is accepted no longer.`, record);
}
