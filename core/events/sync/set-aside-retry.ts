/** What was set aside, tried again because a person asks; what is still refused stays set aside. */

import { PoolError } from '../../base/errors/pool-error.js';
import type { OrderArgs } from '../../orders/rules/order-kinds.js';
import { hopelessWords, refusedAdvice } from '../rules/reading/set-aside.js';
import type { RetryOutcome, SetAsideRetryReport } from '../rules/reports.js';
import { siftEvents } from '../store/ingest/events-sift.js';
import { readKnownHashes } from '../store/ingest/events-state.js';
import { ingestBatch, openIngestSession } from '../store/ingest/ingest.js';
import { requireSetAsideCode } from '../store/set-aside-reads.js';
import {
  type ChosenElement,
  listChosen,
  readTried,
  requireSetAside,
  type TriedElement,
} from '../store/set-aside-retries.js';
import { requireKnownSource } from '../store/sources/source-reads.js';
import { readProgress } from '../store/sources/sources.js';
import { type ConfiguredSource, originOf } from './source-reading.js';
import { batchesOf, type SyncElement } from './sync-batches.js';
import type { SyncDeps } from './sync-pass.js';

const PAGE_SIZE = 250;
const MAX_NAMED = 200;
const MAX_SHOWN = 100;

/** Tries them source by source, a page at a time, and tells of each what became of it. */
export async function runSetAsideRetry(
  deps: SyncDeps,
  input: OrderArgs['set-aside.retry'] & { readonly dryRun: boolean },
  {
    signal,
    onProgress,
  }: { readonly signal: AbortSignal; readonly onProgress: (words: string) => void },
): Promise<SetAsideRetryReport> {
  const { db } = deps;
  const { ids, code, sourceId, dryRun } = input;
  if (ids.length > MAX_NAMED) {
    throw new PoolError('REQUEST_INVALID', `name at most ${MAX_NAMED} events at once`);
  }
  if (ids.length === 0 && code === null && sourceId === null) {
    throw new PoolError('REQUEST_INVALID', 'name events, a code or a source');
  }
  if (ids.length > 0) await requireSetAside(db, ids);
  await requireKnownSource(db, sourceId);
  await requireSetAsideCode(db, code);
  const outcomes: Partial<Record<RetryOutcome, number>> = {};
  const shown: Shown[] = [];
  let looked = 0;
  for (let afterId = 0; ; ) {
    const page = await listChosen(db, { ids, code, sourceId }, { afterId, limit: PAGE_SIZE });
    const last = page.at(-1);
    if (last === undefined) return { applied: !dryRun, looked, outcomes, shown };
    for (const one of await tryPage(deps, page, dryRun)) {
      outcomes[one.outcome] = (outcomes[one.outcome] ?? 0) + 1;
      if (shown.length < MAX_SHOWN) shown.push(one);
    }
    looked += page.length;
    afterId = last.id;
    onProgress(`tried ${looked} of what was set aside`);
    signal.throwIfAborted();
  }
}

type Shown = SetAsideRetryReport['shown'][number];

async function tryPage(
  deps: SyncDeps,
  page: readonly ChosenElement[],
  dryRun: boolean,
): Promise<readonly Shown[]> {
  const shown: Shown[] = [];
  for (const sourceId of new Set(page.map((one) => one.sourceId))) {
    const elements = page.filter((one) => one.sourceId === sourceId);
    const source = deps.sources.get(sourceId);
    const toTry = elements.filter((one) => source !== undefined && settled(one) === undefined);
    const tried =
      source === undefined || toTry.length === 0
        ? new Map<number, TriedElement>()
        : await (dryRun ? foresee : tryNow)(deps, source, toTry);
    shown.push(...elements.map((one) => tell(one, tried.get(one.id), dryRun)));
  }
  return shown.sort((a, b) => a.id - b.id);
}

/** What needs no trying. */
function settled(one: ChosenElement): Pick<Shown, 'outcome' | 'words'> | undefined {
  if (!one.isOpen) return { outcome: 'counted-before', words: 'it counts since an earlier try' };
  const words = hopelessWords(one.code);
  return words === undefined ? undefined : { outcome: 'hopeless', words };
}

function tell(one: ChosenElement, tried: TriedElement | undefined, dryRun: boolean): Shown {
  const { id, sourceId, eventId } = one;
  const done = settled(one);
  if (done !== undefined) return { id, sourceId, eventId, code: one.code, ...done };
  if (tried === undefined) {
    const words = `source "${sourceId}" is not configured here: only its own source can say what it is`;
    return { id, sourceId, eventId, outcome: 'no-source', code: one.code, words };
  }
  if (!tried.isOpen) {
    const outcome = dryRun ? 'would-count' : 'counted';
    const words = dryRun ? 'it would count' : 'it counts now';
    return { id, sourceId, eventId, outcome, code: null, words };
  }
  const { code, reason } = tried;
  const hopeless = hopelessWords(code);
  const advice = hopeless ?? refusedAdvice(code);
  const words = advice === undefined ? reason : `${reason}; ${advice}`;
  const outcome = hopeless === undefined ? 'refused' : 'hopeless';
  return { id, sourceId, eventId, outcome, code, words };
}

function batches(source: ConfiguredSource, elements: readonly ChosenElement[]) {
  const slice: readonly SyncElement[] = elements.map(({ id, place, raw, rawHash }) => ({
    ...{ place, raw },
    retry: { id, rawHash },
  }));
  const { config } = source;
  return batchesOf(once(slice), { id: config.id, origin: originOf(config) });
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function tryNow(
  deps: SyncDeps,
  source: ConfiguredSource,
  elements: readonly ChosenElement[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const { db, version, jobMatchWindowMs, maxJobFeeWei, now = () => new Date() } = deps;
  const { id: sourceId, from } = source.config;
  const limits = { jobMatchWindowMs, maxJobFeeWei, from };
  const session = openIngestSession({ db, sourceId, version, ...limits, now });
  for await (const batch of batches(source, elements)) {
    await ingestBatch(session, { ...batch, cursorHint: null });
  }
  const ids = elements.map(({ id }) => id);
  return readTried(db, ids);
}

/** What trying would come to, from what can be read without writing anything. */
async function foresee(
  { db, maxJobFeeWei }: SyncDeps,
  source: ConfiguredSource,
  elements: readonly ChosenElement[],
): Promise<ReadonlyMap<number, TriedElement>> {
  const counts: TriedElement = { isOpen: false, code: '', reason: '' };
  // Unless something is found against it.
  const tried = new Map(elements.map(({ id }) => [id, counts]));
  const idOf = new Map(elements.map(({ id, rawHash }) => [rawHash, id]));
  const { archivedTo } = await readProgress(db, source.config.id);
  const limits = { archivedMs: archivedTo?.getTime() ?? Number.NEGATIVE_INFINITY, maxJobFeeWei };
  for await (const batch of batches(source, elements)) {
    const hashes = await readKnownHashes(db, source.config.id, batch.events);
    const sifted = siftEvents(batch, { hashes }, limits);
    for (const { refusal, retriedHash } of [...batch.refused, ...sifted.refused]) {
      const id = idOf.get(retriedHash ?? '');
      if (id !== undefined) tried.set(id, { isOpen: true, ...refusal });
    }
  }
  return tried;
}
