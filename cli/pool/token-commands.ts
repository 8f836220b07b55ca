/** The commands that make, list and revoke the API's tokens. They need only Postgres. */
import { type Command, Option } from 'commander';
import { parseDurationMs } from '../../config/reading/quantity.js';
import { ROLES, type Role } from '../../core/access/rules/roles.js';
import {
  createToken,
  listTokens,
  revokeToken,
  type TokenRecord,
} from '../../core/access/store/tokens.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { type CliContext, withContext } from '../context.js';
import { decisionOf, type Reasoned, withReason } from '../decision-options.js';
import { formatTable } from '../output.js';

interface CreateOptions extends Reasoned {
  readonly role: Role;
  readonly expiresIn?: string;
}

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('who may use the API, and for what');
  token
    .command('list')
    .description('all tokens by name, with their roles; the tokens themselves are not kept')
    .action(withContext(list));
  const creating = token
    .command('create')
    .description('make a token, and print it: it is shown this once')
    .argument('<name>', 'who or what will use it; the audit log names it')
    .addOption(
      new Option('--role <role>', 'read: see all; operate: also decide; admin: also terms, wallet')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--expires-in <duration>', 'such as 90d; default: it has no end');
  withReason(creating).action(withContext(create));
  const revoking = token
    .command('revoke')
    .description('accept a token no longer, within a second')
    .argument('<name>', 'as `token list` shows it');
  withReason(revoking).action(withContext(revoke));
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

async function create({ db, answer }: CliContext, name: string, options: CreateOptions) {
  const { token, record } = await createToken(db, {
    ...decisionOf(options),
    name,
    role: options.role,
    expiresAt: endOf(options.expiresIn),
  });
  const words = `${record.name}, role ${record.role}. It is not kept and not shown again: store it now.`;
  answer(`${token}\n${words}`, { ...record, token });
}

function endOf(expiresIn: string | undefined): Date | null {
  if (expiresIn === undefined) return null;
  const parsed = parseDurationMs(expiresIn);
  if (!parsed.ok) throw new PoolError('REQUEST_INVALID', `--expires-in: ${parsed.mend}`);
  return new Date(Date.now() + parsed.value);
}

async function revoke({ db, answer }: CliContext, name: string, options: Reasoned) {
  const record = await revokeToken(db, { ...decisionOf(options), name });
  answer(`${record.name} is accepted no longer.`, record);
}
