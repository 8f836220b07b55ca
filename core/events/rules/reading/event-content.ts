/** The kinds of content that an event can have, and how each is read from the fields of its payload. */
import { type Address, payableAddress } from '../../../base/address.js';
import { asNatural, field, type LosslessJson, type LosslessObject } from './lossless-json.js';
import { EventRefused, isName, shown } from './refusals.js';

/** A job with fees for `payee` or, for an AI job, for the worker of the `job-received` event with its `requestId`. */
export interface JobContent {
  readonly kind: 'job';
  /** Null for a job that is not an AI job: such an event itself names the worker. */
  readonly requestId: string | null;
  /** The worker's address; null when the event names no worker, or the worker gave no address. */
  readonly payee: Address | null;
  readonly grossWei: bigint;
  /** The compute units of the job; for a transcode job these are pixels. Zero when the event has no usable number. */
  readonly computeUnits: bigint;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  /** How long the job took, in microseconds; undefined when the event has no usable number. */
  readonly responseUs?: number | undefined;
  /** How long the video is that was transcoded, in milliseconds. AI jobs have none. */
  readonly durationMs?: number | undefined;
}

export interface ReceivedContent extends Pick<JobContent, 'payee' | 'pipeline' | 'modelId'> {
  readonly kind: 'received';
  readonly requestId: string;
}

interface ConnectionContent {
  readonly kind: 'connection';
  readonly payee: Address;
  /** The worker's host and port, as the event has them. */
  readonly connection: string;
  readonly up: boolean;
}

export type EventContent =
  | JobContent
  | ReceivedContent
  | ConnectionContent
  /** All workers of the source's region and node type are offline until they connect again. */
  | { readonly kind: 'reset' }
  /** An event that is only stored and counted: hints, timings, and types or versions that this program does not know. */
  | { readonly kind: 'note' };

/** The largest accepted fee. It is far above all ether, and ten billion such fees fit the 78 digits of the ledger. */
export const MAX_FEE_WEI = 2n ** 224n - 1n;
const MAX_LABEL_LENGTH = 200;
/** A time that is longer is not believed. */
const LONGEST_MS = 86_400_000;
const NS_PER_US = 1_000;
const US_PER_MS = 1_000;
const REMEMBERED_TEXTS = 10_000;
export const NOTE: EventContent = { kind: 'note' };
export const RESET: EventContent = { kind: 'reset' };

export function readConnection(fields: LosslessObject, up: boolean): EventContent {
  const payee = readAddress(fields);
  if (payee === null) return NOTE;
  return { kind: 'connection', payee, connection: readLabel(fields['connection']) ?? '', up };
}

export function readReceived(fields: LosslessObject): EventContent {
  const requestId = readRequestId(fields);
  const payee = readAddress(fields);
  if (requestId === null) return NOTE;
  return { kind: 'received', requestId, payee, ...readModel(fields) };
}

export function readJob(fields: LosslessObject, unitsKey: string): EventContent {
  const requestId = readRequestId(fields);
  return {
    kind: 'job',
    requestId,
    payee: readAddress(fields),
    grossWei: readFee(fields),
    computeUnits: asNatural(field(fields, unitsKey), MAX_FEE_WEI) ?? 0n,
    ...readModel(fields),
    responseUs: readResponseUs(fields, requestId !== null),
    durationMs: readUpTo(fields['duration'], LONGEST_MS),
  };
}

/** Reads how long a job took: orchestrators say it in nanoseconds for AI jobs, and in milliseconds for all others. */
function readResponseUs(fields: LosslessObject, isAi: boolean): number | undefined {
  const said = fields['responseTime'];
  if (!isAi) {
    const ms = readUpTo(said, LONGEST_MS);
    return ms === undefined ? undefined : ms * US_PER_MS;
  }
  const ns = readUpTo(said, LONGEST_MS * 1_000_000);
  return ns === undefined ? undefined : Math.floor(ns / NS_PER_US);
}

function readUpTo(said: LosslessJson | undefined, most: number): number | undefined {
  const isUsable = typeof said === 'number' && Number.isInteger(said) && said >= 0 && said <= most;
  return isUsable ? said : undefined;
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

/** Returns null for an address that is missing, empty or zero. Throws EventRefused for anything else that is none. */
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

/** Reads a text that is only meant for people. A bad one is shortened and cleaned, not refused. */
function readLabel(said: LosslessJson | undefined): string | null {
  return typeof said !== 'string' || said === '' ? null : labelOf(said);
}

const labelOf = remembered((said: string): string =>
  // Cutting may split a character in two, and UTF-8 cannot represent half a character.
  said.slice(0, MAX_LABEL_LENGTH).replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD'),
);

/** Caches a function: events name the same few workers and models over and over, and sharing strings spares memory. */
function remembered<T>(answer: (said: string) => T): (said: string) => T {
  const answers = new Map<string, T>();
  return (said) => {
    const known = answers.get(said);
    if (known !== undefined) return known;
    const fresh = answer(said);
    if (answers.size >= REMEMBERED_TEXTS) answers.clear();
    // Long texts are rare and end up cut or refused, so they are not worth remembering.
    if (said.length <= MAX_LABEL_LENGTH) answers.set(said, fresh);
    return fresh;
  };
}
