/** Picks the workers of AI jobs as an orchestrator does: it asks the webhook for the preferred ones, and obeys or ignores them. */
import type { Random } from '../kit/random.js';

/** An orchestrator waits no longer, and then uses all its workers. */
const PATIENCE_MS = 4_000;

export class SimulatedRouting {
  constructor(
    private readonly options: {
      /** The URL of the webhook, without a query. */
      readonly webhook: string;
      readonly random: Random;
      /** Whether the list is used, as it is meant to be. Published orchestrators fetch it and do not use it. */
      readonly obeys: boolean;
    },
  ) {}

  /** Picks one of the connected workers for a job, by their addresses. */
  async pick(
    workers: readonly string[],
    job: { readonly pipeline: string; readonly modelID: string },
  ): Promise<string> {
    const { random, obeys } = this.options;
    const preferred = await this.ask(job);
    const wanted = workers.filter((one) => preferred.has(one.toLowerCase()));
    return random.pick(obeys && wanted.length > 0 ? wanted : workers);
  }

  private async ask(job: Readonly<Record<string, string>>): Promise<ReadonlySet<string>> {
    const query = new URLSearchParams(job);
    try {
      const answer = await fetch(`${this.options.webhook}?${query}`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.status !== 200) return new Set();
      const list = (await answer.json()) as readonly { readonly ethAddress: string }[];
      return new Set(list.map(({ ethAddress }) => ethAddress.toLowerCase()));
    } catch {
      return new Set();
    }
  }
}
