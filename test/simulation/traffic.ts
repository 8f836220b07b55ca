/** Draws from the seed what happens in one orchestrator during one spell of work. */
import type { GoObject, GoValue } from '../../dev/kit/event-element.js';
import type { RandomStream } from '../../dev/kit/random.js';
import type { FaultClass } from './fault-classes.js';
import type { Happening } from './orchestrator.js';
import { SPOILINGS } from './spoiled-element.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What an orchestrator writes at one time. */
export interface PlannedWrite {
  readonly atMs: number;
  readonly happening: Happening;
  /** The class of fault that it is, if any. */
  readonly notes: readonly FaultClass[];
}

/** What the traffic of one source is drawn from. */
export interface TrafficScene {
  readonly dice: RandomStream;
  readonly nodeType: 'ai' | 'transcode';
  /** The addresses as the orchestrator writes them, with a checksum or without. */
  readonly payees: readonly string[];
  readonly isOldDialect: boolean;
  /** The end of the spell: nothing is written or becomes visible later. */
  readonly endMs: number;
  /** The used requestIDs with their times. New ones are added. */
  readonly requests: { readonly id: string; readonly atMs: number }[];
}

/** Fees above this cap are set aside until the cap is raised. */
export const FIRST_CAP_WEI = 10n ** 21n;
/** A cap above every drawn fee. */
export const RAISED_CAP_WEI = 10n ** 30n;

export function planSpell(
  scene: TrafficScene,
  spell: { readonly fromMs: number; readonly toMs: number },
): PlannedWrite[] {
  const { dice } = scene;
  const writes: PlannedWrite[] = [];
  for (let atMs = spell.fromMs; atMs < spell.toMs; atMs += dice.int(0, 11 * SECOND_MS)) {
    if (dice.chance(0.06)) {
      const startMs = Math.ceil(atMs / SECOND_MS) * SECOND_MS;
      for (let i = dice.int(3, 6); i > 0; i -= 1) {
        const burst = happen(scene, startMs + dice.int(0, 900));
        writes.push(...burst.map((write) => withNotes(write, ['sameSecondBurst'])));
      }
    } else {
      writes.push(...happen(scene, atMs));
    }
  }
  return writes.map((write) => perhapsLate(scene, write)).filter(({ atMs }) => atMs < scene.endMs);
}

/** Draws a few events at one moment. */
export function happen(scene: TrafficScene, atMs: number): PlannedWrite[] {
  const { dice, isOldDialect, nodeType } = scene;
  if (dice.chance(0.03)) return [spoiled(scene, atMs)];
  if (dice.chance(0.1)) return [connectionChange(scene, atMs)];
  if (dice.chance(0.07)) return [oddity(scene, atMs)];
  if (isOldDialect) return [oldEvent(scene, atMs)];
  return dice.chance(nodeType === 'ai' ? 0.8 : 0.1)
    ? aiJob(scene, atMs)
    : transcodeJob(scene, atMs);
}

/** Lets most workers connect, as after a restart. */
export function connectAll(scene: TrafficScene, atMs: number): PlannedWrite[] {
  return scene.payees
    .filter(() => scene.dice.chance(0.8))
    .map((ethAddress) => {
      const fields = { ethAddress, connection: connectionOf(scene, ethAddress) };
      return write(atMs, 'worker-connected', { fields, notes: ['workerConnected'] });
    });
}

function write(
  atMs: number,
  eventType: string,
  what: { readonly fields: GoObject; readonly notes?: readonly FaultClass[]; version?: number },
): PlannedWrite {
  const { fields, notes = [], version = 1 } = what;
  return { atMs, happening: { eventType, fields, version }, notes };
}

function withNotes(write: PlannedWrite, notes: readonly FaultClass[]): PlannedWrite {
  return { ...write, notes: [...write.notes, ...notes] };
}

function lateBy(write: PlannedWrite, byMs: number, idFrom: 'writing' | 'commit'): PlannedWrite {
  return { ...write, happening: { ...write.happening, late: { byMs, idFrom } } };
}

function perhapsLate({ dice, endMs }: TrafficScene, write: PlannedWrite): PlannedWrite {
  if (write.happening.late !== undefined || !dice.chance(0.1)) return write;
  const idFrom = dice.chance(0.5) ? 'writing' : 'commit';
  const [byMs, note]: [number, FaultClass] = dice.chance(0.6)
    ? [dice.int(4 * SECOND_MS, 100 * SECOND_MS), 'lateCommit']
    : dice.chance(0.9)
      ? [dice.int(3 * MINUTE_MS, 50 * MINUTE_MS), 'lateCommitBeyondOverlap']
      : [dice.int(DAY_MS, 6 * DAY_MS), 'committedDaysLate'];
  if (write.atMs + byMs >= endMs) return write;
  return withNotes(lateBy(write, byMs, idFrom), [note]);
}

function spoiled(scene: TrafficScene, atMs: number): PlannedWrite {
  const [first] = transcodeJob(scene, atMs);
  if (first === undefined) throw new RangeError('a transcode job is one event at least');
  const spoiling = scene.dice.pick(SPOILINGS);
  return { ...first, happening: { ...first.happening, spoiling }, notes: ['malformedElement'] };
}

function connectionOf({ dice }: TrafficScene, ethAddress: string): string {
  return `10.0.${Number.parseInt(ethAddress.slice(-2), 16)}.1:${dice.int(9000, 9001)}`;
}

function connectionChange(scene: TrafficScene, atMs: number): PlannedWrite {
  const ethAddress = scene.dice.pick(scene.payees);
  const fields = { ethAddress, connection: connectionOf(scene, ethAddress) };
  return scene.dice.chance(0.6)
    ? write(atMs, 'worker-connected', { fields, notes: ['workerConnected'] })
    : write(atMs, 'worker-disconnected', { fields, notes: ['workerDisconnected'] });
}

function oddity(scene: TrafficScene, atMs: number): PlannedWrite {
  const { dice } = scene;
  if (dice.chance(0.3)) {
    const fields = { moon: dice.int(1, 9), feesOfTomorrow: 2n ** 70n };
    return write(atMs, 'moon-landed', { fields, notes: ['unknownType'] });
  }
  if (dice.chance(0.3)) {
    const fields = { ethAddress: dice.pick(scene.payees), computeUnits: 5, fees: 7_000n };
    return write(atMs, 'job-processed', { fields, version: 2, notes: ['unknownVersion'] });
  }
  const fields = {
    recipient: dice.pick(scene.payees),
    sender: dice.pick(scene.payees),
    faceValue: 10n ** 17n + BigInt(dice.int(0, 9)),
    winProb: 2n ** 250n,
    pricePerPixel: 1,
    creationRound: 3_000,
    txHash: `0x${'0'.repeat(64)}`,
  };
  return write(atMs, 'ticket-redeemed', { fields });
}

function drawFee({ dice }: TrafficScene): { readonly fees: bigint; notes: readonly FaultClass[] } {
  if (dice.chance(0.08)) return { fees: 0n, notes: ['zeroFee'] };
  if (dice.chance(0.12)) {
    const fees = 2n ** 53n + BigInt(dice.int(0, 2 ** 40)) * BigInt(dice.int(1, 2 ** 20));
    return { fees, notes: ['feeAboveTwoTo53'] };
  }
  if (dice.chance(0.015)) {
    const fees = FIRST_CAP_WEI + BigInt(dice.int(1, 2 ** 40));
    return { fees, notes: ['feeAboveCap', 'feeAboveTwoTo53'] };
  }
  return { fees: BigInt(dice.int(1, 10 ** 13)), notes: [] };
}

/** Draws an address: mostly a worker's, sometimes none, or the zero address. */
function drawEarner(scene: TrafficScene): { who: GoValue; notes: readonly FaultClass[] } {
  const { dice } = scene;
  if (dice.chance(0.03)) return { who: dice.pick(['', null]), notes: ['noAddress'] };
  if (dice.chance(0.03)) return { who: `0x${'0'.repeat(40)}`, notes: ['zeroAddress'] };
  return { who: dice.pick(scene.payees), notes: [] };
}

function transcodeJob(scene: TrafficScene, atMs: number): PlannedWrite[] {
  const { dice } = scene;
  const { who, notes } = drawEarner(scene);
  const fee = drawFee(scene);
  const fields = {
    ethAddress: who,
    computeUnits: dice.int(1, 2 ** 31),
    pricePerComputeUnit: 3,
    fees: fee.fees,
    responseTime: dice.int(100, 3000),
    realTimeRatio: 1,
    duration: 2000,
  };
  const job = write(atMs, 'job-processed', { fields, notes: [...notes, ...fee.notes] });
  return [job, ...perhapsRetried(scene, job)];
}

/** The gateway asks for the same work again, and the job is reported again as another event with its own fee. */
function perhapsRetried({ dice }: TrafficScene, job: PlannedWrite): PlannedWrite[] {
  if (!dice.chance(0.04)) return [];
  const again = { ...job, atMs: job.atMs + dice.int(0, 40 * SECOND_MS) };
  return [withNotes(again, ['gatewayRetry'])];
}

function oldEvent(scene: TrafficScene, atMs: number): PlannedWrite {
  const { dice } = scene;
  const { who, notes } = drawEarner(scene);
  if (dice.chance(0.7)) {
    const fee = drawFee(scene);
    const encodedPixels = dice.int(1, 2 ** 31);
    const fields = { ethAddress: who, encodedPixels, price: 2, fees: fee.fees, jobType: 'x' };
    const all: readonly FaultClass[] = [...notes, ...fee.notes, 'oldDialect'];
    return write(atMs, 'transcode', { fields, notes: all });
  }
  const [eventType, fields] = dice.pick<readonly [string, GoObject]>([
    ['performance-stats', { ethAddress: who, responseTime: 100, duration: 2000, sessionId: 's' }],
    ['ai-job-sent', { ethAddress: who, taskID: dice.int(1, 99), pipeline: 'llm', modelID: 'm' }],
    ['ai-job-processedd', { ethAddress: null, manifestID: 'm', pricePerAIComputeUnit: 0.0012345 }],
  ]);
  return write(atMs, eventType, { fields, notes: ['oldDialect'] });
}

function drawRequest(scene: TrafficScene, atMs: number) {
  const { dice, requests } = scene;
  const near = requests.filter((request) => Math.abs(atMs - request.atMs) < 50 * MINUTE_MS);
  const far = requests.filter((request) => atMs - request.atMs > 3 * HOUR_MS);
  const notes: FaultClass[] = [];
  let id = dice.hex(4);
  if (near.length > 0 && dice.chance(0.05)) {
    id = dice.pick(near).id;
    notes.push('requestIdRepeatedWithinWindow');
  } else if (far.length > 0 && dice.chance(0.08)) {
    id = dice.pick(far).id;
    notes.push('requestIdRepeatedLater');
  }
  requests.push({ id, atMs });
  return { requestID: id, notes };
}

/** Draws the two events of an AI job, in one of the ways in which they arrive or are missing. */
function aiJob(scene: TrafficScene, atMs: number): PlannedWrite[] {
  const { dice } = scene;
  const { requestID, notes } = drawRequest(scene, atMs);
  const model = { pipeline: dice.pick(['llm', 'text-to-image']), modelID: 'acme/model-1' };
  const fee = drawFee(scene);
  const work = {
    requestID,
    ...model,
    computeUnits: dice.int(1, 2 ** 31),
    pricePerComputeUnit: 5,
    fees: fee.fees,
    responseTime: dice.int(1, 9) * 10 ** 9,
  };
  const jobNotes = [...notes, ...fee.notes];
  const processedAt = (timeMs: number) =>
    write(timeMs, 'job-processed', { fields: work, notes: jobNotes });
  const receivedAt = (timeMs: number, ...why: FaultClass[]) =>
    write(timeMs, 'job-received', {
      fields: { ethAddress: dice.pick(scene.payees), requestID, ...model, ...oldLinks(dice) },
      notes: why,
    });
  const job = processedAt(atMs + dice.int(0, 40 * SECOND_MS));
  const afterwards = perhapsRetried(scene, job);
  return [...drawReceived(scene, { atMs, job, processedAt, receivedAt }), ...afterwards];
}

/** The fields that newer versions leave out. */
function oldLinks(dice: RandomStream): GoObject {
  return dice.chance(0.5) ? { nodeType: 'ai', taskID: dice.int(1, 2 ** 31) } : {};
}

interface JobDraft {
  readonly atMs: number;
  /** The processed half in its usual form. */
  readonly job: PlannedWrite;
  readonly processedAt: (timeMs: number) => PlannedWrite;
  readonly receivedAt: (timeMs: number, ...why: FaultClass[]) => PlannedWrite;
}

function drawReceived({ dice, endMs }: TrafficScene, draft: JobDraft): PlannedWrite[] {
  const { atMs, job, processedAt, receivedAt } = draft;
  if (dice.chance(0.6)) return [receivedAt(atMs), job];
  const way = dice.int(1, 24);
  if (way <= 5) {
    const received = receivedAt(atMs, 'receivedAfterProcessed');
    return [lateBy(received, dice.int(41, 110) * SECOND_MS, 'commit'), job];
  }
  if (way <= 10) {
    const afterMs = dice.int(2 * MINUTE_MS, 50 * MINUTE_MS);
    return [receivedAt(atMs, 'receivedInAnotherPoll'), processedAt(atMs + afterMs)];
  }
  if (way <= 12) {
    // The window's last second, and the one after it.
    const afterMs = HOUR_MS + dice.int(0, 1) * SECOND_MS;
    return [receivedAt(atMs, 'jobOfAnHour'), processedAt(atMs + afterMs)];
  }
  if (way <= 16) return [withNotes(job, ['receivedNever'])];
  if (way <= 18 && atMs + 7 * DAY_MS < endMs) {
    const byMs = dice.int(6 * DAY_MS, 7 * DAY_MS - HOUR_MS);
    return [lateBy(receivedAt(atMs, 'receivedAWeekLate'), byMs, 'commit'), job];
  }
  if (way <= 20 && atMs + 7 * DAY_MS < endMs) {
    return [job, receivedAt(atMs + 7 * DAY_MS, 'receivedWrittenAWeekLater')];
  }
  if (way <= 22) {
    const received = receivedAt(atMs, 'receivedWithoutAddress');
    const ethAddress = dice.pick(['', `0x${'0'.repeat(40)}`, null]);
    const fields = { ...received.happening.fields, ethAddress };
    return [{ ...received, happening: { ...received.happening, fields } }, job];
  }
  return [job, receivedAt(atMs, 'receivedAfterProcessed')];
}
