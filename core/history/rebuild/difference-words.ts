/** Turns the differences of a comparison into messages: whose they are, how large, and what explains them. */
import { counted } from '../../base/counted.js';
import { foreignText } from '../../base/foreign-text.js';
import type { RemoteWorker } from '../../base/remote-worker.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { Comparison } from './comparison.js';

/** The remote workers by their ids. */
export type WorkerNames = ReadonlyMap<number, RemoteWorker>;

/** At most this many differences of a kind get a message; all of them are counted and corrected. */
const TOLD = 100;

/** Returns the messages for everything that was found: the money first, then what explains it. */
export function findingsOf(found: Comparison, names: WorkerNames): readonly RebuildFinding[] {
  const told = <T>(rows: readonly T[], tell: (row: T) => RebuildFinding) =>
    rows.slice(0, TOLD).map(tell);
  return [
    ...told(found.balances, (one) => balanceFinding(one, names)),
    ...told(found.figures, ({ workerId, kept, due }) => ({
      code: 'FIGURES_DIFFER',
      message: `${nameOf(workerId, names)} shows ${kept}; by its events it is ${due}`,
    })),
    ...told(found.days, ({ workerId, days, day, kept, due }) => ({
      code: 'DAYS_DIFFER',
      message: `${nameOf(workerId, names)}: ${counted(days, 'sum')} by day, pipeline and model differ, the first on ${day}: kept ${kept}; by its events it is ${due}`,
    })),
    ...told(found.hours, ({ workerId, hours, hour, kept, due }) => ({
      code: 'HOURS_DIFFER',
      message: `${nameOf(workerId, names)}: ${counted(hours, 'sum')} by hour, pipeline and model differ, the first at ${hour}: kept ${kept}; by its events it is ${due}`,
    })),
    ...told(found.counts, ({ sourceId, time, eventType, version, kept, due }) => ({
      code: 'COUNT_DIFFERS',
      message: `${foreignText(eventType)} v${version} of ${sourceId} in the hour of ${time}: counted ${kept}, there are ${due}`,
    })),
    ...told(found.postings, (one) => postingFinding(one, names)),
    ...told(found.rows, (one) => rowFinding(one, names)),
    ...told(found.lostMatches, ({ sourceId, eventId }) => ({
      code: 'MATCH_MISSING',
      message: `event ${foreignText(eventId)} of ${sourceId} was matched with an event that is nowhere`,
    })),
  ];
}

/** Counts all differences, including those that get no message. */
export function countDifferences(found: Comparison): number {
  const { balances, figures, days, hours, counts, postings, rowsTotal, lostMatches } = found;
  const lists = [balances, figures, days, hours, counts, postings, lostMatches];
  return lists.reduce((sum, { length }) => sum + length, rowsTotal);
}

/** Names a remote worker for messages: `0x… (ai, eu-central)`. */
export function nameOf(workerId: number, names: WorkerNames): string {
  const worker = names.get(workerId);
  if (worker === undefined) return workerId === 0 ? 'nobody' : `remote worker ${workerId}`;
  return `${worker.payee} (${worker.nodeType}, ${foreignText(worker.region)})`;
}

function balanceFinding(one: Comparison['balances'][number], names: WorkerNames): RebuildFinding {
  const { account, group, workerId, ledgerWei, eventsWei } = one;
  const of =
    workerId === 0 ? `from jobs of ${nameOf(group, names)}` : `of ${nameOf(workerId, names)}`;
  const byWei = ledgerWei - eventsWei;
  const words = byWei > 0n ? `${byWei} wei more` : `${-byWei} wei less`;
  return {
    code: 'LEDGER_DIFFERS',
    message: `${account} ${of}: the ledger has ${ledgerWei} wei, the events are worth ${eventsWei}: ${words} than is due`,
  };
}

function postingFinding(one: Comparison['postings'][number], names: WorkerNames): RebuildFinding {
  const { postingId, kind, sourceId, batch, group, kept, due } = one;
  const place = sourceId === '' ? 'without a source' : `batch ${batch} of ${sourceId}`;
  const which = postingId === null ? 'no posting' : `posting ${postingId}`;
  return {
    code: 'POSTING_DIFFERS',
    message: `${which} (${kind}, ${place}, ${nameOf(group, names)}) books ${kept}; its events are worth ${due}`,
  };
}

function rowFinding(one: Comparison['rows'][number], names: WorkerNames): RebuildFinding {
  const { sourceId, time, eventId, batch, isArchived, kept, due } = one;
  const named = (text: string): string =>
    text === ''
      ? 'nothing'
      : text.replace(/remote worker (-?\d+)/, (_, id: string) => nameOf(Number(id), names));
  const where = isArchived ? ', in an archive file' : '';
  return {
    code: 'ROW_DIFFERS',
    message: `event ${foreignText(eventId)} of ${sourceId} at ${time} (batch ${batch}${where}) is kept with ${named(kept)}; it says ${named(due)}`,
  };
}
