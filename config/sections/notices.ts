/** Builds the configuration of the targets that notices go to, and reads the secrets in their options. */
import { type Address, payableAddress } from '../../core/base/address.js';
import type { NoticeTarget } from '../../core/notices/notifiers/notifier.js';
import { type NoticeKind, PAYEE_KINDS } from '../../core/notices/rules/notice-kinds.js';
import type { NamedFiles } from '../reading/files.js';
import type { ConfigCode } from '../reading/problem.js';
import type { ConfigValues } from '../schema.js';
import { fillOptions } from './sources.js';

export interface NoticesConfig {
  /** Where everybody reaches the pool's pages; null when they are not public. */
  readonly publicUrl: string | null;
  readonly giveUpAfterMs: number;
  readonly targets: readonly NoticeTarget[];
}

type TargetValues = ConfigValues['notices']['targets'][number];
type Note = (code: ConfigCode, key: string, message: string) => void;

export async function buildNotices(
  { notices }: ConfigValues,
  files: NamedFiles,
): Promise<NoticesConfig> {
  const { publicUrl, giveUpAfterMs } = notices;
  const targets = await Promise.all(
    notices.targets.map(async (target, i) => {
      const path = ['notices', 'targets', i];
      const note: Note = (code, key, message) => files.note(code, [...path, key], message);
      if (notices.targets.findIndex(({ id }) => id === target.id) !== i) {
        const message = `the id "${target.id}" is taken by a target above: give each its own`;
        note('CONFIG_DUPLICATE', 'id', message);
      }
      const payee = payableAddress(target.audience) ?? null;
      noteUnfitting(target, payee, note);
      return {
        id: target.id,
        kind: target.kind,
        module: target.module ?? null,
        baseDir: files.resolve('.'),
        addressOf: payee === null ? ('operator' as const) : ('payee' as const),
        payee,
        only: target.only,
        offlineAfterMs: target.offlineAfterMs ?? null,
        options: await fillOptions(target.options, [...path, 'options'], files),
      };
    }),
  );
  return { publicUrl, giveUpAfterMs, targets };
}

/** Notes problems with values that are valid alone but do not go together. */
function noteUnfitting(target: TargetValues, payee: Address | null, note: Note): void {
  const { kind, module, only, offlineAfterMs } = target;
  if (kind === 'module' && module === undefined) {
    note('CONFIG_MISSING_KEY', 'module', 'kind: module needs the package or path that makes it');
  }
  if (kind !== 'module' && module !== undefined) {
    note('CONFIG_VALUE', 'module', `only kind: module has one, and this is kind: ${kind}`);
  }
  if (payee === null) {
    if (offlineAfterMs === undefined) return;
    const message =
      'only a payee is told that its own worker is offline: give its address as `audience`';
    note('CONFIG_VALUE', 'offlineAfter', message);
    return;
  }
  const untold = (only ?? []).filter((one: NoticeKind) => !PAYEE_KINDS.includes(one));
  if (untold.length > 0) {
    const message = `payees are not told ${untold.join(', ')}, but ${PAYEE_KINDS.join(', ')}`;
    note('CONFIG_VALUE', 'only', message);
  }
}
