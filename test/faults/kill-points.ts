/**
 * Numbers every moment at which a process that pays may lose its life to some effect: before and after
 * each commit (a transaction's, or a single statement's) and each broadcast. One of them can be the last.
 */
import { writeSync } from 'node:fs';
import pg from 'pg';

type Query = (this: object, ...args: unknown[]) => unknown;

/** What others see of a process: a commit (a transaction's or a single statement's), a broadcast. */
export type Effect = 'commit' | 'broadcast';

/** "before commit 3": right before it is sent. "after": its answer has come and nobody has read it. */
export interface Moment {
  readonly when: 'before' | 'after';
  readonly effect: Effect;
  /** From 1. */
  readonly n: number;
}

/** Dies at this moment, and tells it; never when there is none. */
export function installKillPoint(moment: Moment | null): void {
  const counts = { commit: 0, broadcast: 0 };
  const begin = (effect: Effect): (() => void) => {
    counts[effect] += 1;
    const n = counts[effect];
    const dieIf = (when: Moment['when']) => {
      if (moment?.effect === effect && moment.n === n && moment.when === when) die(moment);
    };
    dieIf('before');
    return () => dieIf('after');
  };
  watchCommits(() => begin('commit'));
  watchBroadcasts(() => begin('broadcast'));
}

export const wordsOf = ({ when, effect, n }: Moment): string => `${when} ${effect} ${n}`;

function die(moment: Moment): void {
  writeSync(1, `killed ${wordsOf(moment)}\n`);
  process.kill(process.pid, 'SIGKILL');
  // Not one more line may run while the signal is on its way.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function watchCommits(begin: () => () => void): void {
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const original = prototype.query;
  const inTransaction = new WeakSet<object>();
  prototype.query = function query(...args) {
    const text = textOf(args[0]);
    const word = /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? '';
    const commits = inTransaction.has(this) ? word === 'commit' : writes(word, text);
    if (word === 'begin') inTransaction.add(this);
    if (word === 'commit' || word === 'rollback') inTransaction.delete(this);
    if (!commits) return original.apply(this, args);
    const end = begin();
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      const told = (...answer: unknown[]) => {
        end();
        callback(...answer);
      };
      return original.apply(this, [...args.slice(0, -1), told]);
    }
    return (original.apply(this, args) as Promise<unknown>).then((answer) => {
      end();
      return answer;
    });
  };
}

function writes(word: string, text: string): boolean {
  // Who settles is renewed every second, and nothing rests on it.
  if (/\bsettler\b/.test(text)) return false;
  if (word === 'with') return /\b(insert into|update|delete from)\b/i.test(text);
  return ['insert', 'update', 'delete'].includes(word);
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : '';
}

function watchBroadcasts(begin: () => () => void): void {
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : '';
    if (!body.includes('eth_sendRawTransaction')) return plain(input, init);
    const end = begin();
    const response = await plain(input, init);
    const answer = await response.text();
    end();
    return new Response(answer, { status: response.status, headers: response.headers });
  };
}
