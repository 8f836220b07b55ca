/**
 * Writes the first manager's log as a file that a source of kind `file` reads, in the dialect of the archived S3 files. An
 * event's UUID is made of its time and its content: the same event in two copies of the log is counted once.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';
import type { NodeType } from '../base/remote-worker.js';
import {
  asObject,
  compactMember,
  field,
  parseLossless,
} from '../events/rules/reading/lossless-json.js';
import type { FirstManagerFile } from './first-manager-file.js';
import type { LoggedEvent } from './rules/first-manager.js';

export interface ExportOrder {
  readonly region: string;
  /** Of events that do not say it themselves: the log does not have it. */
  readonly nodeType: NodeType;
  readonly to: string;
}

/** Writes every event of the log. Throws IMPORT_FILE_UNREADABLE when the file exists or cannot be written. */
export async function exportLog(
  file: FirstManagerFile,
  order: ExportOrder,
): Promise<{ readonly events: number; readonly unreadable: number }> {
  const report = { events: 0, unreadable: 0 };
  const seen = new Map<string, number>();
  function* lines(): Generator<string> {
    yield '[';
    for (const event of file.log()) {
      const element = elementOf(event, order, seen);
      if (element === undefined) {
        report.unreadable += 1;
        continue;
      }
      yield `${report.events === 0 ? '\n' : ',\n'}${element}`;
      report.events += 1;
    }
    yield '\n]\n';
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(order.to, { flags: 'wx' }));
  } catch (error) {
    if (error instanceof PoolError) throw error;
    throw new PoolError('IMPORT_FILE_UNREADABLE', `${order.to}: ${foreignText(error)}`);
  }
  return report;
}

/** Returns the element; undefined for a payload that is no JSON object. */
function elementOf(
  { type, data, atMs }: LoggedEvent,
  { region, nodeType }: ExportOrder,
  seen: Map<string, number>,
): string | undefined {
  const said = saidNodeType(data);
  if (said === undefined) return undefined;
  const payload = compactMember(data, 'payload');
  const dt = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  const content = uuidOf(`${region} ${dt} ${type} ${payload}`);
  const times = seen.get(content) ?? 0;
  seen.set(content, times + 1);
  const id = uuidOf(`${content} ${times}`);
  const head = JSON.stringify({
    ID: id,
    EventType: type,
    Version: 1,
    NodeType: said ?? nodeType,
    Region: region,
    DT: dt,
  });
  return `${head.slice(0, -1)},"Payload":${payload === '' ? '{}' : payload}}`;
}

/** The node type that the payload says, null when it says none; undefined when it is no JSON object. */
function saidNodeType(data: string): NodeType | null | undefined {
  try {
    const body = asObject(parseLossless(data));
    if (body === undefined) return undefined;
    const value = field(asObject(field(body, 'payload') ?? {}) ?? {}, 'nodeType');
    return value === 'ai' || value === 'transcode' ? value : null;
  } catch {
    return undefined;
  }
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
