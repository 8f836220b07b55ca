/** The part of the terms that a policy works with, and what differs between two of them in words. */
import { counted } from '../../base/counted.js';
import { listOf } from '../../base/lists.js';
import { formatEth } from '../../base/money.js';
import { spellMs } from './durations.js';

/** By which policy the terms of single payees are made. Whoever has the same hash has the same policy and options. */
export interface PolicyTerms {
  /** A package or a path; null: the built-in policy, whose options are the `terms` section of the pool's file. */
  readonly module: string | null;
  /** JSON: amounts as decimal strings, times in ISO 8601. */
  readonly options: unknown;
  /** SHA-256 of module and options, in hex. */
  readonly hash: string;
}

/** Tells whether both are the same policy with the same options. */
export function samePolicy(
  one: PolicyTerms | null | undefined,
  other: PolicyTerms | null | undefined,
): boolean {
  return (one?.hash ?? null) === (other?.hash ?? null);
}

/**
 * Tells whether the pool shares what its tickets bring on chain, in place of paying for each job. Then jobs are credited with a
 * commission of 100 %, and workers get their shares by the period.
 */
export function sharesRevenue(policy: PolicyTerms | null | undefined): boolean {
  const options: unknown = policy?.module === null ? policy.options : null;
  if (typeof options !== 'object' || options === null) return false;
  return 'revenueShare' in options && options.revenueShare !== undefined;
}

/**
 * Says what a change of the policy changes, such as `tier gold: commission 15% → 12%`. What the options of somebody's own code
 * mean is not known, so only the names of those that differ are told.
 */
export function policyChanges(
  before: PolicyTerms | null | undefined,
  after: PolicyTerms | null | undefined,
): readonly string[] {
  if (samePolicy(before, after)) return [];
  const [was, is] = [before?.module ?? null, after?.module ?? null];
  if (was !== is) return [`policy ${was ?? 'of the pool’s file'} → ${is ?? 'of the pool’s file'}`];
  const [old, fresh] = [leavesOf(before?.options), leavesOf(after?.options)];
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  const changed = names.filter((name) => old.get(name)?.words !== fresh.get(name)?.words);
  if (is !== null) return [`policy ${is}: other ${changed.join(', ') || 'options'}`];
  const told = changed.map((name) => {
    const words = `${old.get(name)?.words ?? 'none'} → ${fresh.get(name)?.words ?? 'none'}`;
    const { place = '', label = name } = fresh.get(name) ?? old.get(name) ?? {};
    return `${place === '' ? '' : `${place}: `}${label} ${words}`;
  });
  return told.length === 0 ? ['terms of single payees'] : told;
}

/**
 * Says what the policy gives single payees, a line for each tier, promotion and so on: `tier gold: commission 12%, from jobs
 * 10000`. What was agreed with single workers is only counted: it is theirs to show. Claims are told apart from what is paid.
 */
export function policyFacts({ module, options }: PolicyTerms): readonly string[] {
  if (module !== null) return [`The policy ${module} decides about each worker.`];
  const byPlace = new Map<string, string[]>();
  const agreed = new Set<string>();
  for (const { place, label, words } of leavesOf(options).values()) {
    if (place.startsWith('worker ')) agreed.add(place);
    else if (place.startsWith('claim ')) continue;
    else listOf(byPlace, place).push(`${label} ${words}`);
  }
  const lines = [...byPlace].map(([place, facts]) => `${place || 'all'}: ${facts.join(', ')}`);
  return agreed.size === 0 ? lines : [...lines, `own terms: ${counted(agreed.size, 'worker')}`];
}

interface Leaf {
  readonly place: string;
  readonly label: string;
  readonly words: string;
}

/** Returns each value by its place in the options; an entry of a list is known by its name, a claim by asset and first day. */
function leavesOf(options: unknown): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const visit = (value: unknown, place: readonly string[], key: string): void => {
    if (Array.isArray(value) && value.length === 0) return;
    if (key === 'claims' && Array.isArray(value)) {
      for (const one of value) visitClaim(one, visit);
    } else if (Array.isArray(value) && value.some(isNamed)) {
      for (const one of value) {
        if (!isNamed(one)) continue;
        const { name, ...rest } = one;
        visit(rest, [...place, ONE_OF[key] ?? key, name], '');
      }
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const inner = key === '' ? place : [...place, ONE_OF[key] ?? key];
      for (const [name, one] of Object.entries(value)) visit(one, inner, name);
    } else {
      const label = labelOf(key);
      const leaf = { place: place.join(' '), label, words: valueWords(key, value) };
      leaves.set([...place, label].join(' '), leaf);
    }
  };
  visit(options, [], '');
  return leaves;
}

function visitClaim(
  claim: unknown,
  visit: (value: unknown, place: readonly string[], key: string) => void,
): void {
  if (typeof claim !== 'object' || claim === null) return;
  const { asset, from, ...rest } = claim as Readonly<Record<string, unknown>>;
  visit(rest, [`claim ${String(asset)} from ${String(from).slice(0, 10)}`], '');
}

const ONE_OF: Readonly<Record<string, string>> = {
  tiers: 'tier',
  promotions: 'promotion',
  workers: 'worker',
};

function isNamed(value: unknown): value is { readonly name: string } & Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
  );
}

/** `minPayoutIntervalMs` becomes `min payout interval`. */
function labelOf(key: string): string {
  if (key === 'perEth') return 'per ETH';
  const name = key.replace(/(Bps|Wei|Ms)$/, '');
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueWords(key: string, value: unknown): string {
  if (key.endsWith('Bps')) return `${Number(value) / 100}%`;
  if (key.endsWith('Ms')) return spellMs(Number(value));
  if (key.endsWith('Wei') && /^\d+$/.test(String(value)))
    return `${formatEth(BigInt(String(value)))} ETH`;
  return Array.isArray(value) ? value.join(', ') : String(value);
}
