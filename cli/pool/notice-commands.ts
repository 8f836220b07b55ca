/** The commands about notices: what was told, sending again, and a try of the configured targets. */
import { randomUUID } from 'node:crypto';
import { viewNotice } from '../../client/notices.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';
import { composeNotice } from '../../core/notices/composing.js';
import type { NoticeTarget } from '../../core/notices/notifiers/notifier.js';
import { createNotifier } from '../../core/notices/notifiers/registry.js';
import { resendNotices } from '../../core/notices/store/deliveries.js';
import {
  listNotices,
  type ShownDelivery,
  type ShownNotice,
} from '../../core/notices/store/notice-reads.js';
import { misuse, type PoolCommand, requireForm } from '../command.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../output.js';

const PATIENCE_MS = 20_000;

/** Adds the commands about notices. They need only Postgres, and `test` not even a worker. */
export function addNoticeCommands(program: PoolCommand): void {
  const notice = program.add('notice', 'what is told to operators and workers');
  notice
    .add('list', 'what was told, to whom, and what became of it, the newest first')
    .option('--dead', 'only what some target did not get and does not get any more', false)
    .withPage()
    .run(list);
  notice
    .add('resend [id]', 'deliver a notice again to each of its targets, or all that are dead')
    .option('--all', 'every notice that is dead', false)
    .withReason()
    .run(resend);
  notice
    .add(
      'test',
      'send a test notice now to each target of the configuration; exit code 3 when one does not arrive',
    )
    .option('--target <id>', 'only to this target')
    .run(test);
}

async function list(context: CliContext<{ readonly dead: boolean }>): Promise<void> {
  const { db, options, askedPage, answerPage } = context;
  const page = await listNotices(db, { dead: options.dead }, askedPage());
  const text = formatTable(page.items, {
    id: ({ ref }) => ref,
    at: ({ createdAt }) => createdAt,
    kind: ({ kind }) => kind,
    'what is told': (one) => viewNotice(one).title,
    'what became of it': (one) => one.deliveries.map(stateOf).join('; ') || notToldWords(one),
  });
  answerPage(text, { ...page, items: page.items.map(viewNotice) });
}

function stateOf({ targetId, state, tries, lastError }: ShownDelivery): string {
  const tried = tries > 1 ? `, ${tries} tries` : '';
  return `${targetId}: ${state}${tried}${lastError === null ? '' : ` (${lastError})`}`;
}

const notToldWords = ({ spreadAt }: ShownNotice): string =>
  spreadAt === null ? 'not told yet' : 'it is for no target';

async function resend(
  { db, options, decide, answer }: CliContext<{ readonly all: boolean }>,
  id: string | undefined,
): Promise<void> {
  const { actor, reason } = decide();
  if ((id === undefined) === !options.all) throw misuse('give the id of a notice, or --all');
  const thing = 'id of a notice: copy it from `openpool notice list`';
  const which =
    id === undefined
      ? { all: true as const }
      : { ref: requireForm(id, /^ntc_[0-9a-f]{32}$/, thing) };
  const deliveries = await resendNotices(db, which, { actor, reason });
  answer(`deliveries that begin anew: ${deliveries}`, { deliveries });
}

async function test({
  config,
  deps,
  options,
  answer,
}: CliContext<{ readonly target?: string }>): Promise<number> {
  const { targets, publicUrl } = config.notices;
  const chosen = targets.filter(({ id }) => options.target === undefined || id === options.target);
  if (options.target !== undefined && chosen.length === 0) {
    throw new PoolError(
      'NOTICE_TARGET_UNKNOWN',
      `the configuration has no target "${options.target}"`,
    );
  }
  const { explorerUrl } = config.chain;
  const pool = { id: deps.poolId, name: config.pool.name, publicUrl, explorerUrl };
  const outcomes = await Promise.all(
    chosen.map(async (target) => ({ target: target.id, ...(await tryTarget(target, pool)) })),
  );
  const isWell = outcomes.every(({ arrived }) => arrived);
  const text = formatTable(outcomes, {
    target: ({ target }) => target,
    'sends to': ({ sendsTo }) => sendsTo,
    'what became of it': ({ arrived, why }) => (arrived ? 'it arrived' : why),
  });
  return answer(text, { outcomes }, isWell);
}

async function tryTarget(target: NoticeTarget, pool: Parameters<typeof composeNotice>[2]) {
  const notifier = await createNotifier(target);
  const facts = { target: target.id };
  const stored = {
    ref: `ntc_test_${randomUUID()}`,
    kind: 'test' as const,
    facts,
    createdAt: new Date(),
  };
  const { sendsTo } = notifier;
  try {
    const notice = composeNotice(stored, target.payee, pool);
    const outcome = await notifier.deliver(notice, AbortSignal.timeout(PATIENCE_MS));
    if (outcome.kind === 'delivered') return { sendsTo, arrived: true, why: '' };
    return { sendsTo, arrived: false, why: outcome.why };
  } catch (error) {
    return { sendsTo, arrived: false, why: foreignText(error) };
  }
}
