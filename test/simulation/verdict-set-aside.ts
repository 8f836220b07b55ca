/** Checks that each element that could not be counted is set aside once, under the right code. */
import type { Books, SetAsideRow } from './books.js';
import type { Evidence, Sighting } from './evidence.js';

export interface SetAsideFindings {
  /** Elements that were rightly set aside and still are. */
  readonly expected: number;
  readonly lost: readonly string[];
  readonly unexplained: readonly string[];
}

export interface SetAsideCase {
  readonly evidence: Evidence;
  readonly sightings: readonly Sighting[];
  /** The payloads that count. The key is the event. */
  readonly booked: ReadonlyMap<string, string>;
  readonly books: Books;
}

export function judgeSetAside(facts: SetAsideCase): SetAsideFindings {
  const { detail } = facts.books;
  if (detail === null) return { expected: 0, lost: [], unexplained: [] };
  const [lost, unexplained]: [string[], string[]] = [[], []];
  const rows = new Map(detail.setAside.map((row) => [nameOf(row.sourceId, row.raw), row]));
  const allowed = new Map<string, readonly string[]>();
  const demanded = new Set<string>();
  for (const sighting of facts.sightings) {
    const codes = codesOf(sighting, facts);
    const name = nameOf(sighting.row.sourceId, sighting.row.element);
    allowed.set(name, [...(allowed.get(name) ?? []), ...codes]);
    if (sighting.isDemanded && codes.length > 0) demanded.add(name);
  }
  for (const name of demanded) {
    const row = rows.get(name);
    const codes = allowed.get(name) ?? [];
    if (row?.isOpen === true && codes.includes(row.code)) continue;
    lost.push(`not set aside as ${codes.join(' or ')} but ${shown(row)}: ${name}`);
  }
  for (const [name, row] of rows) {
    const codes = allowed.get(name);
    const isRight = row.isOpen ? codes?.includes(row.code) : codes?.length === 0;
    if (isRight !== true) unexplained.push(`set aside without need, ${shown(row)}: ${name}`);
  }
  return { expected: demanded.size, lost, unexplained };
}

/** Returns the codes under which an element must be set aside. Empty when it counts. */
function codesOf({ reading, key, row }: Sighting, facts: SetAsideCase): readonly string[] {
  if (typeof reading === 'string') return [reading];
  const { firstCapWei, lastCapWei } = facts.evidence;
  const feeWei = reading.meaning.kind === 'job' ? reading.meaning.feeWei : 0n;
  const payload = facts.booked.get(key ?? '');
  if (payload === row.payload) return [];
  // It was above the cap when it was last seen, or another event had its identity by then.
  if (payload !== undefined) {
    return feeWei > firstCapWei ? ['EVENT_CHANGED', 'EVENT_FEE_ABOVE_CAP'] : ['EVENT_CHANGED'];
  }
  return feeWei > lastCapWei ? ['EVENT_FEE_ABOVE_CAP'] : [];
}

const nameOf = (sourceId: string, raw: string): string => `${sourceId} ${raw}`;

function shown(row: SetAsideRow | undefined): string {
  return row === undefined ? 'nowhere' : `${row.code}, ${row.isOpen ? 'open' : 'resolved'}`;
}
