/**
 * One orchestrator as the fork is: a table of events as SQLite keeps it, ids by AUTOINCREMENT, times
 * of one second from a clock that may be wrong. It remembers what it ever showed to anybody.
 */
import { elementText, type GoObject, goTime, payloadText } from '../../dev/kit/event-element.js';
import { type Spoiling, spoiledElement } from './spoiled-element.js';

/** An event in the orchestrator before it has an id and a time. */
export interface Happening {
  readonly eventType: string;
  readonly fields: GoObject;
  readonly version?: number;
  /** The time from writing the row until it is visible; null when it is visible at once. */
  readonly late?: {
    readonly byMs: number;
    /** Says whether the row got its id when it was written, or when it became visible. */
    readonly idFrom: 'writing' | 'commit';
  };
  readonly spoiling?: Spoiling;
}

/** A row that others can read. */
export interface EventRow {
  readonly sourceId: string;
  readonly id: number;
  readonly dt: string;
  readonly element: string;
  /** The payload as it stands in the element. */
  readonly payload: string;
  /** The time from `dt` until the row was visible. */
  readonly lateMs: number;
}

interface Pending {
  readonly happening: Happening;
  readonly id: number | null;
  readonly dt: string;
  readonly visibleFromMs: number;
}

export interface Orchestrator {
  readonly sourceId: string;
  isLowerCase: boolean;
  /** How far its clock is ahead of the true time. */
  clockOffsetMs: number;
  write(happening: Happening, nowMs: number): void;
  /** Makes the rows visible that are due. */
  advance(nowMs: number): void;
  /** Starts with a new datadir: the table is empty, and ids start at 1 again. */
  wipe(): void;
  /** Returns what the handler answers: rows with `dt > lastCheckTime`, compared as texts, in the order of ids. */
  rowsAfter(lastCheckTime: string | null): readonly EventRow[];
  /** The earliest time in the table since the last wipe. */
  firstDt(): string | undefined;
  /** Every row that was ever visible, also the wiped ones. */
  readonly shown: readonly EventRow[];
}

const LATEST_MS = 7 * 86_400_000 - 3_600_000;

export function createOrchestrator(sourceId: string): Orchestrator {
  let table: EventRow[] = [];
  let pending: Pending[] = [];
  let nextId = 1;
  const shown: EventRow[] = [];
  const show = ({ happening, id, dt, visibleFromMs }: Pending): void => {
    const { eventType, fields, version = 1, spoiling } = happening;
    const given = id ?? nextId;
    if (id === null) nextId += 1;
    const payload = payloadText(eventType, fields);
    const parts = { id: given, dt, version, payload, isLowerCase: orchestrator.isLowerCase };
    const element = spoiling === undefined ? elementText(parts) : spoiledElement(spoiling, parts);
    const lateMs = visibleFromMs - Date.parse(dt);
    const row = { sourceId, id: given, dt, element, payload, lateMs };
    shown.push(row);
    // The table is ordered by ids, whenever a row became visible.
    const after = table.findLastIndex((other) => other.id < given);
    table.splice(after + 1, 0, row);
  };
  const orchestrator: Orchestrator = {
    sourceId,
    isLowerCase: false,
    clockOffsetMs: 0,
    shown,
    write(happening, nowMs) {
      const dt = goTime(nowMs + orchestrator.clockOffsetMs);
      const { late } = happening;
      if (late === undefined) return show({ happening, dt, id: null, visibleFromMs: nowMs });
      const id = late.idFrom === 'writing' ? nextId : null;
      if (id !== null) nextId += 1;
      // Nothing is promised for events older than a week, even when that time is wrong.
      const visibleFromMs = Math.min(nowMs + late.byMs, Date.parse(dt) + LATEST_MS);
      pending.push({ happening, id, dt, visibleFromMs });
    },
    advance(nowMs) {
      const due = pending.filter(({ visibleFromMs }) => visibleFromMs <= nowMs);
      pending = pending.filter(({ visibleFromMs }) => visibleFromMs > nowMs);
      for (const row of due) show(row);
    },
    wipe() {
      table = [];
      pending = [];
      nextId = 1;
    },
    rowsAfter: (since) => table.filter(({ dt }) => since === null || dt > since),
    firstDt: () => table[0]?.dt,
  };
  return orchestrator;
}
