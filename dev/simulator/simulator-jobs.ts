import { type GoObject, payloadText } from '../kit/event-element.js';
import type { Random } from '../kit/random.js';
import type { Happening } from './simulator.js';
import type { CastWorker } from './simulator-cast.js';

const PIXELS_PER_SECOND = 1280n * 720n * 30n;
/** One job in the day is worth more than an int64 holds. */
const HUGE_PRICE_WEI = 12_000_000_000_001n;
const MODELS = [
  ['text-to-image', 'SG161222/RealVisXL_V4.0_Lightning'],
  ['image-to-video', 'stabilityai/stable-video-diffusion-img2vid-xt-1-1'],
  ['llm', 'meta-llama/Meta-Llama-3.1-8B-Instruct'],
] as const;

/** Makes an event of this type. Its truth says what it was worth and to whom. */
export function happening(
  atMs: number,
  type: string,
  payload: GoObject,
  truth: Omit<Happening['truth'], 'type'> = {},
): Happening {
  return { atMs, payload: payloadText(type, payload), truth: { type, ...truth } };
}

export interface TranscodeJob {
  readonly job: number;
  readonly atMs: number;
  readonly worker: CastWorker;
  readonly huge: boolean;
  /** Written in the older form of the orchestrators' events. */
  readonly older: boolean;
}

/** One transcoded segment, which is a single event in the older form or the newer one. */
export function transcodeJob(random: Random, job: TranscodeJob): readonly Happening[] {
  const { worker, atMs } = job;
  const seconds = BigInt(random.int(1, 8));
  const pixels = PIXELS_PER_SECOND * seconds + BigInt(random.int(0, 999));
  // A price below one wei per pixel is truncated to nothing, so real work earns no fee.
  const price = random.chance(0.01) ? 0n : BigInt(random.int(9_000_001, 29_999_999));
  const fees = pixels * (job.huge ? 421_000_000_007n : price);
  const durationMs = Number(seconds) * 1000;
  const responseMs = random.int(300, durationMs + 1500);
  const truth = { job: job.job, worker: worker.identity, grossWei: String(fees) };
  const ethAddress = worker.address;
  if (job.older) {
    return [
      happening(
        atMs,
        'transcode',
        { ethAddress, encodedPixels: pixels, price, fees, jobType: 'transcoding' },
        truth,
      ),
      happening(atMs, 'performance-stats', {
        ethAddress,
        responseTime: responseMs,
        duration: durationMs,
        pixelsEncoded: pixels,
        pixelsDecoded: pixels,
        sessionId: random.hex(4),
      }),
    ];
  }
  const payload = {
    ethAddress,
    computeUnits: pixels,
    pricePerComputeUnit: price,
    fees,
    responseTime: responseMs,
    duration: durationMs,
    realTimeRatio: Math.floor(durationMs / responseMs),
  };
  return [happening(atMs, 'job-processed', payload, truth)];
}

export interface AiJob {
  readonly job: number;
  readonly atMs: number;
  readonly worker: CastWorker;
  readonly requestId: string;
  readonly huge: boolean;
  /** Newer versions leave nodeType and taskID out. */
  readonly terse: boolean;
}

/** Makes the two halves of an AI job in a random order. Sometimes one of them never comes. */
export function aiJob(random: Random, job: AiJob): readonly Happening[] {
  const [pipeline, modelID] = random.pick(MODELS);
  const { atMs, worker, requestId: requestID } = job;
  const units = 1024n * 1024n * BigInt(random.int(1, 3)) + BigInt(random.int(0, 99));
  const price = random.chance(0.01) ? 0n : BigInt(random.int(2_000_000_001, 19_999_999_999));
  const fees = units * (job.huge ? HUGE_PRICE_WEI : price);
  const received = (at: number) =>
    happening(
      at,
      'job-received',
      {
        ethAddress: worker.address,
        requestID,
        pipeline,
        modelID,
        ...(job.terse ? {} : { nodeType: 'ai', taskID: random.int(1, 1e9) }),
      },
      { job: job.job, worker: worker.identity },
    );
  const processed = (at: number) =>
    happening(
      at,
      'job-processed',
      {
        requestID,
        pipeline,
        modelID,
        computeUnits: units,
        pricePerComputeUnit: price,
        fees,
        responseTime: random.int(400_000_000, 9_000_000_000),
      },
      { job: job.job, worker: worker.identity, grossWei: String(fees) },
    );
  const course = random.next();
  // The huge job must be paid. Without one of its halves, or with an unknown worker, it would test nothing.
  if (course < 0.02 && !job.huge) return [processed(atMs)];
  if (course < 0.04 && !job.huge) return [received(atMs)];
  if (course < 0.34) return [processed(atMs), received(atMs + random.int(0, 4500))];
  return [received(atMs), processed(atMs + random.int(0, 3000))];
}
