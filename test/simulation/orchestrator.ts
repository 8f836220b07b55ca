/**
 * One orchestrator as the fork is: a table of events as SQLite keeps it, ids by AUTOINCREMENT, times
 * of one second from a clock that may be wrong. It remembers what it ever showed to anybody.
 */
import { elementText, type GoObject, goTime, payloadText } from '../../dev/kit/event-element.js';
import { type Spoiling, spoiledElement } from './spoiled-element.js';

/** What happens in the orchestrator, before it has an id and a time. */
export interface Happening {
  readonly eventType: string;
  readonly fields: GoObject;
  readonly version?: number;
  /** From writing to being visible; null: at once. */
  readonly late?: {
    readonly byMs: number;
    /** Whether the id was given when it was written, or when it became visible. */
    readonly idFrom: 'writing' | 'commit';
  };
  readonly spoiling?: Spoiling;
}

/** A row that could be read by others. */
export interface EventRow {
  readonly sourceId: string;
  readonly id: number;
  readonly dt: string;
  readonly element: string;
  /** As it stands in the element. */
  readonly payload: string;
  /** From its time to when it could be seen. */
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
  /** Its clock less the true time. */
  clockOffsetMs: number;
  write(happening: Happening, nowMs: number): void;
  /** Commits what is due. */
  advance(nowMs: number): void;
  /** A new datadir: the table is empty, ids start again at 1. */
  wipe(): void;
  /** What the handler answers: `dt > lastCheckTime`, compared as texts, in the order of ids. */
  rowsAfter(lastCheckTime: string | null): readonly EventRow[];
  /** The first time in the table since the last wipe. */
  firstDt(): string | undefined;
  /** Every row that ever was visible, wiped ones too. */
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
    // Ids are the table's order, whenever a row was committed.
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
      // Beyond a week nothing is promised, also by the event's own, perhaps wrong, time.
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
