/** The commands that list and end the sessions of browsers on the operator's pages. They need only Postgres. */
import {
  endSession,
  listPastSessions,
  listSessions,
  type PastSession,
} from '../../core/access/store/sessions.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output.js';

interface ListOptions {
  readonly all: boolean;
  readonly limit: number;
}

export function addSessionCommands(program: PoolCommand): void {
  const session = program.add('session', 'who is signed in on the operator’s pages');
  session
    .add('list', 'the browsers that are signed in now, the newest first')
    .option('--all', 'ended sessions as well, as far as they are kept: ninety days', false)
    .withLimit('with --all, at most so many')
    .run(list);
  session
    .add('revoke <id>', 'end a session at once: its browser has to sign in again')
    .withReason()
    .run(revoke);
}

async function list({ db, options, answer }: CliContext<ListOptions>): Promise<void> {
  const live = async () =>
    (await listSessions(db)).map((one) => ({ ...one, isLive: true, endedAt: null }));
  const sessions = options.all ? await listPastSessions(db, options.limit) : await live();
  const shown = sessions.map((one) => ({
    id: one.id,
    token: one.tokenName,
    state: stateOf(one),
    createdAt: one.createdAt,
    seenAt: one.seenAt,
    endsAt: one.endedAt ?? one.endsAt,
  }));
  const text = formatTable(shown, {
    id: ({ id }) => id,
    token: ({ token }) => token ?? 'the one in the configuration',
    state: ({ state }) => state,
    'signed in': ({ createdAt }) => createdAt,
    'last seen': ({ seenAt }) => seenAt,
    ends: ({ endsAt }) => endsAt,
  });
  answer(shown.length === 0 ? 'Nobody is signed in.' : text, { sessions: shown });
}

/** What became of a session: one that nobody ended is over when its time is, or its token's. */
function stateOf({ isLive, endedAt }: PastSession): string {
  if (isLive) return 'signed in';
  return endedAt === null ? 'over' : 'ended';
}

async function revoke({ db, decide, answer }: CliContext, id: string): Promise<void> {
  await endSession(db, id, decide());
  answer('ended: its browser has to sign in again', { id });
}
