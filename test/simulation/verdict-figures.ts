/** Compares what the product keeps in addition to the money with the reference. */
import type { Books } from './books.js';
import type { Evidence } from './evidence.js';
import type { Reference } from './reference-ledger.js';

export function differencesOf(
  evidence: Evidence,
  reference: Reference,
  { detail, events }: Books,
): readonly string[] {
  if (detail === null) return [];
  const differences = detail.boundTwice.map((key) => `${key} is bound to two jobs`);
  const compare = (
    what: string,
    have: ReadonlyMap<string, string>,
    must: ReadonlyMap<string, string>,
  ): void => {
    for (const name of new Set([...have.keys(), ...must.keys()])) {
      if (have.get(name) === must.get(name)) continue;
      differences.push(`${what} ${name}: ${have.get(name)}, must be ${must.get(name)}`);
    }
  };
  compare('worker', withoutIdle(detail.figures), figuresOf(reference));
  compare('waiting', detail.waiting, reference.waiting);
  compare('events of', detail.counts, reference.counts);
  for (const { id } of evidence.sources) {
    if (!evidence.unsureClocks.has(id)) {
      compare(`online at ${id}:`, asMap(detail.online.get(id)), asMap(reference.online.get(id)));
    }
    const seqs = events.filter(({ sourceId }) => sourceId === id).map(({ seq }) => seq);
    if (seqs.some((seq, i) => seq !== i + 1)) differences.push(`${id}: the order has gaps`);
  }
  return differences;
}

const IDLE = '0 jobs, 0 worth nothing, 0 units';

/** Workers that were only seen and earned nothing have a row too. */
function withoutIdle(figures: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...figures].filter(([, text]) => text !== IDLE));
}

function figuresOf({ workers }: Reference): ReadonlyMap<string, string> {
  return new Map(
    [...workers].map(([worker, { jobs, zeroFeeJobs, units }]) => [
      worker,
      `${jobs} jobs, ${zeroFeeJobs} worth nothing, ${units} units`,
    ]),
  );
}

function asMap(names: ReadonlySet<string> | undefined): ReadonlyMap<string, string> {
  return new Map([...(names ?? [])].map((name) => [name, 'up']));
}
