/**
 * The control: asks for what is later than its last poll, tells events apart by their ids alone, and
 * credits them one after another before it remembers that it has them. It must be caught.
 */
import { type BookedEvent, type Books, eventKey } from './books.js';
import type { Manager, ManagerScene, Poll } from './manager.js';
import { PASS_HEADER, type PassOutcome } from './pass.js';
import type { PlannedPass } from './simulation-plan.js';

/** The part of an answer that it reads. It ignores everything else. */
const ELEMENT =
  /\{"(?:ID|id)":(\d+),"(?:Payload|payload)":("(?:[^"\\]|\\.)*"),"(?:Version|version)":1,"(?:DT|dt)":"([^"]+)"\}/g;

export function startNaiveManager(scene: ManagerScene): Manager {
  return new NaiveManager(scene);
}

class NaiveManager implements Manager {
  private readonly events: BookedEvent[] = [];
  private readonly owedWei = new Map<string, bigint>();
  private readonly creditedTo = new Map<string, string[]>();
  private readonly knownIds = new Map<number, Set<string>>();
  private readonly lastPollMs = new Map<number, number>();
  private readonly receivedBy = new Map<string, string>();
  private commissionBps = 0n;
  private commissionWei = 0n;
  private unattributedWei = 0n;
  private passes = 0;

  constructor(private readonly scene: ManagerScene) {}

  async poll({ nowMs, passes }: Poll): Promise<readonly PassOutcome[]> {
    const outcomes: PassOutcome[] = [];
    for (const pass of passes) outcomes.push(await this.pass(pass, nowMs));
    return outcomes;
  }

  async sigkill(): Promise<readonly PassOutcome[]> {
    return [];
  }

  async setTerms(_nowMs: number, commissionBps: number): Promise<ReadonlyMap<string, number>> {
    this.commissionBps = BigInt(commissionBps);
    return new Map(this.scene.sources.map(({ id }) => [id, this.passes + 1]));
  }

  setCap(): void {}

  setVersion(): void {}

  async look(): Promise<readonly string[]> {
    return [];
  }

  async books(): Promise<Books> {
    const { events, owedWei, creditedTo, commissionWei, unattributedWei } = this;
    return { events, owedWei, creditedTo, commissionWei, unattributedWei, detail: null };
  }

  async stop(): Promise<void> {}

  private async pass(pass: PlannedPass, nowMs: number): Promise<PassOutcome> {
    const { source, fault, kill } = pass;
    const sourceId = this.scene.sources[source]?.id ?? '';
    this.passes += 1;
    const passId = `naive-${this.passes}`;
    if (fault !== null) this.scene.server.arm(passId, fault);
    try {
      const text = await this.ask(source, { passId, sourceId });
      const known = this.knownIds.get(source) ?? new Set();
      const ids = this.credit(text, { source, sourceId, known });
      // It is killed after the credits, and before it remembers what it has credited.
      if (kill?.what === 'process') throw new Error('killed');
      for (const id of ids) known.add(id);
      this.knownIds.set(source, known);
      this.lastPollMs.set(source, nowMs);
      return { passId, sourceId, report: { fresh: ids.length, duplicates: 0 }, failure: null };
    } catch (error) {
      return { passId, sourceId, report: null, failure: String(error) };
    }
  }

  private async ask(source: number, ask: { passId: string; sourceId: string }): Promise<string> {
    const lastMs = this.lastPollMs.get(source);
    const since = lastMs === undefined ? null : `${new Date(lastMs).toISOString().slice(0, 19)}Z`;
    const endpoint = `${this.scene.server.endpointOf(ask.sourceId)}/pool/events`;
    const answer = await fetch(`${endpoint}${since === null ? '' : `?lastCheckTime=${since}`}`, {
      headers: { [PASS_HEADER]: ask.passId },
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const text = await answer.text();
    if (!/^(\[.*\]|null)$/s.test(text)) throw new Error('the answer has no end');
    return text;
  }

  private credit(
    text: string,
    place: { readonly source: number; readonly sourceId: string; readonly known: Set<string> },
  ): string[] {
    const ids: string[] = [];
    for (const [, id = '', payload = '', dt = ''] of text.matchAll(ELEMENT)) {
      const dtMs = Date.parse(dt);
      if (place.known.has(id) || ids.includes(id) || Number.isNaN(dtMs)) continue;
      ids.push(id);
      const said: string = JSON.parse(payload);
      const seq = this.events.length + 1;
      const { sourceId } = place;
      this.events.push({ sourceId, id, dtMs, seq, batch: this.passes, payload: said });
      this.creditOne(said, { source: place.source, key: eventKey(sourceId, id, dtMs) });
    }
    return ids;
  }

  private creditOne(payload: string, at: { readonly source: number; readonly key: string }): void {
    const ethAddress = /"ethAddress": "(0x(?!0{40})[0-9a-fA-F]{40})"/.exec(payload)?.[1];
    const requestId = /"requestID": "(\w+)"/.exec(payload)?.[1];
    const feeWei = BigInt(/"fees": (\d+)/.exec(payload)?.[1] ?? 0);
    const { region, nodeType } = this.scene.sources[at.source] ?? {};
    const request = `${at.source} ${requestId}`;
    if (payload.includes('"job-received"') && ethAddress !== undefined) {
      this.receivedBy.set(request, ethAddress.toLowerCase());
    }
    if (!/"(job-processed|transcode)"/.test(payload)) return;
    const payee = ethAddress?.toLowerCase() ?? this.receivedBy.get(request);
    if (payee === undefined) {
      this.unattributedWei += feeWei;
      return;
    }
    const worker = `${payee}/${nodeType}/${region}`;
    const cutWei = (feeWei * this.commissionBps) / 10_000n;
    this.commissionWei += cutWei;
    this.owedWei.set(worker, (this.owedWei.get(worker) ?? 0n) + feeWei - cutWei);
    this.creditedTo.set(at.key, [...(this.creditedTo.get(at.key) ?? []), worker]);
  }
}
