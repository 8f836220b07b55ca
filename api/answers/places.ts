/** Limits how many long answers are under way, in all and for each address. */
import { PoolError } from '../../core/base/errors/pool-error.js';
import { mayBeProxy, networkOf } from '../wrong-tokens.js';

interface Options {
  readonly most: number;
  /** How many one address may have. An address that may be a proxy stands for many readers, and has no such limit. */
  readonly mostEach: number;
  /** What a reader is told who gets no place. */
  readonly words: string;
}

export class Places {
  private taken = 0;
  private readonly byNetwork = new Map<string, number>();

  constructor(private readonly options: Options) {}

  /** Takes a place, and returns a function that gives it back. Throws API_BUSY when there is none. */
  take(address: string): () => void {
    const { most, mostEach, words } = this.options;
    const network = networkOf(address);
    const own = this.byNetwork.get(network) ?? 0;
    if (this.taken >= most || (own >= mostEach && !mayBeProxy(address))) {
      throw new PoolError('API_BUSY', words);
    }
    this.taken += 1;
    this.byNetwork.set(network, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.taken -= 1;
      const rest = (this.byNetwork.get(network) ?? 1) - 1;
      if (rest === 0) this.byNetwork.delete(network);
      else this.byNetwork.set(network, rest);
    };
  }
}
