/** What an event means, by its type: both dialects of the orchestrators' payloads. */
import { type Address, payableAddress } from '../../../base/address.js';
import { asNatural, field, type LosslessJson, type LosslessObject } from './pool-event-json.js';
import { EventRefused, isName, shown } from './pool-event-refusal.js';

/** Fees were earned: by `payee`, or by whoever the received half of `requestId` names. */
export interface JobContent {
  readonly kind: 'job';
  /** Null: no AI job; the event itself says who did it. */
  readonly requestId: string | null;
  /** Null: unknown, or the worker gave no address. */
  readonly payee: Address | null;
  readonly grossWei: bigint;
  /** Pixels, for a transcode job. Zero when nothing usable was said. */
  readonly computeUnits: bigint;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

/** A worker took an AI job. */
export interface ReceivedContent {
  readonly kind: 'received';
  readonly requestId: string;
  /** Null: the worker gave no address. */
  readonly payee: Address | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

export interface ConnectionContent {
  readonly kind: 'connection';
  readonly payee: Address;
  /** host:port, as said. */
  readonly connection: string;
  readonly up: boolean;
}

/** Every worker of the source's region and node type is offline until it connects again. */
export interface ResetContent {
  readonly kind: 'reset';
}

/** Kept and counted, no more: hints, timings, types and versions that are not known. */
export interface NoteContent {
  readonly kind: 'note';
}

export type EventContent =
  | JobContent
  | ReceivedContent
  | ConnectionContent
  | ResetContent
  | NoteContent;

/** What the readers look at. */
interface Body {
  readonly eventType: string;
  readonly version: number;
  readonly fields: LosslessObject;
}

/** The newest version of payloads whose meaning is known; an event without one has it. */
export const KNOWN_VERSION = 1;
// Far above all ether there is, and low enough that 10^10 of them fit the ledger's 78 digits.
export const MAX_FEE_WEI = 2n ** 224n - 1n;
const MAX_LABEL_LENGTH = 200;
const REMEMBERED_TEXTS = 10_000;
const NOTE: NoteContent = { kind: 'note' };
const RESET: ResetContent = { kind: 'reset' };

const READERS: ReadonlyMap<string, (fields: LosslessObject) => EventContent> = new Map([
  ['orchestrator-reset', () => RESET],
  ['gateway-reset', () => RESET],
  ['node-reset', () => RESET],
  ['worker-connected', (fields) => readConnection(fields, true)],
  ['worker-disconnected', (fields) => readConnection(fields, false)],
  ['job-received', readReceived],
  ['job-processed', (fields) => readJob(fields, 'computeUnits')],
  // The older dialect's processed transcode job; its AI events name no fees and no request.
  ['transcode', (fields) => readJob(fields, 'encodedPixels')],
]);

/**
 * Reads the meaning of an event. A version above the known one is a note: its fields may have
 * another unit, and money is not guessed. Throws EventRefused.
 */
export function readContent(body: Body): EventContent {
  if (body.version > KNOWN_VERSION) return NOTE;
  return READERS.get(body.eventType)?.(body.fields) ?? NOTE;
}

function readConnection(fields: LosslessObject, up: boolean): EventContent {
  const payee = readAddress(fields);
  if (payee === null) return NOTE;
  return { kind: 'connection', payee, connection: readLabel(fields['connection']) ?? '', up };
}

function readReceived(fields: LosslessObject): EventContent {
  const requestId = readRequestId(fields);
  const payee = readAddress(fields);
  if (requestId === null) return NOTE;
  return { kind: 'received', requestId, payee, ...readModel(fields) };
}

function readJob(fields: LosslessObject, unitsKey: string): EventContent {
  return {
    kind: 'job',
    requestId: readRequestId(fields),
    payee: readAddress(fields),
    grossWei: readFee(fields),
    computeUnits: asNatural(field(fields, unitsKey), MAX_FEE_WEI) ?? 0n,
    ...readModel(fields),
  };
}

function readModel(fields: LosslessObject): Pick<JobContent, 'pipeline' | 'modelId'> {
  const { pipeline, modelID } = fields;
  return { pipeline: readLabel(pipeline), modelId: readLabel(modelID) };
}

function readFee(fields: LosslessObject): bigint {
  const { fees: said } = fields;
  const feeWei = asNatural(said, MAX_FEE_WEI);
  if (feeWei !== undefined) return feeWei;
  throw new EventRefused('EVENT_FEE_MALFORMED', `fees ${shown(said)} are no amount of wei`);
}

/** Null when the worker gave none (missing, empty, the zero address); refused when it is garbage. */
function readAddress(fields: LosslessObject): Address | null {
  const said = fields['ethAddress'] ?? '';
  if (said === '') return null;
  const payee = typeof said === 'string' ? payeeOf(said) : undefined;
  if (payee !== undefined) return payee;
  if (typeof said === 'string' && /^0x0{40}$/.test(said)) return null;
  throw new EventRefused('EVENT_ADDRESS_MALFORMED', `ethAddress ${shown(said)} is no address`);
}

function readRequestId(fields: LosslessObject): string | null {
  const said: LosslessJson = fields['requestID'] ?? '';
  if (said === '') return null;
  const text = typeof said === 'number' ? String(said) : said;
  if (typeof text === 'string' && isName(text)) return text;
  throw new EventRefused('EVENT_REQUEST_MALFORMED', `requestID ${shown(said)} is no id`);
}

const payeeOf = remembered(payableAddress);

/** A text for people: cut and cleaned rather than refused. */
function readLabel(said: LosslessJson | undefined): string | null {
  return typeof said !== 'string' || said === '' ? null : labelOf(said);
}

const labelOf = remembered((said: string): string =>
  // A cut may leave half a character, which UTF-8 cannot hold.
  said.slice(0, MAX_LABEL_LENGTH).replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD'),
);

/**
 * The same answers as the function's, from memory where it can be. Events name the same workers and
 * models again and again; one text for all of them also spares the garbage collector thousands.
 */
function remembered<T>(answer: (said: string) => T): (said: string) => T {
  const answers = new Map<string, T>();
  return (said) => {
    const known = answers.get(said);
    if (known !== undefined) return known;
    const fresh = answer(said);
    if (answers.size >= REMEMBERED_TEXTS) answers.clear();
    // What is long is cut or refused, and does not come often.
    if (said.length <= MAX_LABEL_LENGTH) answers.set(said, fresh);
    return fresh;
  };
}
