/** Keeps the answers to the orchestrator's question in memory, as the bytes that are sent. */
import { modelKey, type PreferredLists } from '../../core/guard/rules/preferred.js';

/** So many different questions are remembered with their answers: a stranger could ask for any number of models. */
const MOST_KNOWN = 1_000;

export interface PreferredAnswer {
  readonly body: Buffer;
  /** Whether everybody is named because all who are connected are excluded. */
  readonly fallsBack: boolean;
}

export class PreferredAnswers {
  private byModel = new Map<string, PreferredAnswer>();
  private others = answerOf([], false);
  private byUrl = new Map<string, PreferredAnswer>();
  private setAtMs: number | undefined;

  /** Replaces all answers. */
  set(
    lists: Pick<PreferredLists, 'fallbacks' | 'othersFallBack'> & {
      readonly byModel: ReadonlyMap<string, readonly string[]>;
      readonly others: readonly string[];
    },
    atMs: number,
  ): void {
    this.byModel = new Map(
      [...lists.byModel].map(([key, list]) => [key, answerOf(list, lists.fallbacks.has(key))]),
    );
    this.others = answerOf(lists.others, lists.othersFallBack);
    this.byUrl = new Map();
    this.setAtMs = atMs;
  }

  /** Returns how old the answers are, in milliseconds; undefined before there are any. */
  ageMs(nowMs: number): number | undefined {
    return this.setAtMs === undefined ? undefined : nowMs - this.setAtMs;
  }

  /** Returns the answer to a request with this path and query: `[{"ethAddress":"0x…"}, …]`. */
  answer(url: string): PreferredAnswer {
    const known = this.byUrl.get(url);
    if (known !== undefined) return known;
    const mark = url.indexOf('?');
    const asked = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
    const pipeline = asked.get('pipeline') ?? '';
    const key = modelKey(pipeline, asked.get('modelID') ?? '');
    const found = this.byModel.get(key) ?? this.byModel.get(modelKey(pipeline, '')) ?? this.others;
    if (this.byUrl.size < MOST_KNOWN) this.byUrl.set(url, found);
    return found;
  }
}

function answerOf(addresses: readonly string[], fallsBack: boolean): PreferredAnswer {
  const body = Buffer.from(JSON.stringify(addresses.map((ethAddress) => ({ ethAddress }))));
  return { body, fallsBack };
}
