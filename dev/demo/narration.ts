import { counted } from '../../core/base/counted.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { eth } from '../referee/compare-table.js';
import type { SeenPayout, Snapshot } from './snapshot.js';

/** Turns the changes between two snapshots into lines for people. */
export interface Narrator {
  lines(snapshot: Snapshot): readonly string[];
}

const MANY = 6;
const LABEL_WIDTH = 8;
const SYNC_EVERY_MS = 3_000;

/** Sums up the first snapshot. From then on it returns what is new. */
export function createNarrator(now: () => number = Date.now): Narrator {
  let before: Snapshot | undefined;
  let told = new Map<string, string>();
  let syncedAt = 0;
  let eventsTold = new Map<string, number>();
  return {
    lines(snapshot) {
      const first = before === undefined;
      const rounds = snapshot.rounds.slice(before?.rounds.length ?? snapshot.rounds.length);
      before = snapshot;
      const lines: string[] = [];
      if (first) eventsTold = new Map(snapshot.events);
      if (now() - syncedAt >= SYNC_EVERY_MS) {
        const line = syncLine(eventsTold, snapshot);
        if (line !== undefined) lines.push(line);
        eventsTold = new Map(snapshot.events);
        syncedAt = now();
      }
      for (const round of rounds) {
        lines.push(
          labelled(
            'round',
            `${counted(round.payouts, 'payout')} due, ${eth(round.reservedWei)} ETH reserved`,
          ),
        );
      }
      const changed = snapshot.payouts.filter((one) => told.get(one.id) !== toldAs(one));
      told = new Map(snapshot.payouts.map((one) => [one.id, toldAs(one)]));
      return first ? [labelled('now', statusLine(snapshot))] : [...lines, ...payoutLines(changed)];
    },
  };
}

/** Returns one line about the pool's state. */
export function statusLine(snapshot: Snapshot): string {
  const events = [...snapshot.events.values()].reduce((sum, count) => sum + count, 0);
  return [
    `${grouped(events)} events`,
    counted(snapshot.payees, 'payee'),
    `pending ${eth(snapshot.pendingWei)}`,
    `paid ${eth(snapshot.paidWei)} ETH`,
    `${counted(snapshot.openPayouts, 'payout')} open`,
    `${snapshot.setAside} set aside`,
  ].join(' · ');
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}

function syncLine(before: ReadonlyMap<string, number>, { events }: Snapshot): string | undefined {
  const fresh = [...events]
    .map(([id, count]) => [id, count - (before.get(id) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  if (fresh.length === 0) return undefined;
  const total = fresh.reduce((sum, [, count]) => sum + count, 0);
  const parts = fresh.map(([id, count]) => `${id} ${grouped(count)}`).join(', ');
  return labelled('sync', `+${grouped(total)} events: ${parts}`);
}

function toldAs(payout: SeenPayout): string {
  return payout.state === 'signed' || payout.state === 'reserved' ? 'open' : payout.state;
}

function payoutLines(changed: readonly SeenPayout[]): readonly string[] {
  const closed = changed.filter((one) => toldAs(one) !== 'open');
  const shown = closed.length > MANY ? closed.slice(0, MANY - 1) : closed;
  const lines = shown.map((one) =>
    labelled(
      one.state,
      `${eth(one.amountWei)} ETH to ${withChecksums(one.payee)}` +
        (one.nonce === null ? '' : `  nonce ${one.nonce}`) +
        (one.hash === null ? '' : `  tx ${one.hash.slice(0, 12)}…`),
    ),
  );
  const rest = closed.slice(shown.length);
  if (rest.length > 0) {
    const sum = rest.reduce((all, one) => all + one.amountWei, 0n);
    lines.push(labelled('', `and ${rest.length} more, ${eth(sum)} ETH`));
  }
  return lines;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
