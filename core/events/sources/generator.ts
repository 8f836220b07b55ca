/** Makes up pool events, for demos and tests. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Address, payableAddress } from '../../base/address.js';
import { readTime, TIME_WANTED } from '../../base/time.js';
import { duration, textAs } from '../../plugins/options.js';
import type { EventSource, EventSourceConfig, RawEvent, ReadRequest } from './event-source.js';
import { checkOptions, optionsError } from './options.js';

const generatorOptions = z.strictObject({
  seed: z.number().int(),
  /** The time of the first event. */
  start: textAs(readTime, TIME_WANTED).transform((timeMs) => new Date(timeMs)),
  /** The time from one event to the next. */
  every: duration.default(1_000),
  /** The addresses of the payees, or the number of payees to make up. */
  payees: z
    .union([
      z.number().int().min(1).max(10_000),
      z.array(textAs(payableAddress, 'give an address as 0x and 40 hex digits')).min(1),
    ])
    .default(5),
  /** The largest fee of a job, in wei. */
  maxFeeWei: z
    .string()
    .regex(/^[1-9]\d{0,30}$/, 'give wei as digits')
    .default('1000000000000'),
});
type GeneratorOptions = z.output<typeof generatorOptions>;

const SLICE_SIZE = 250;

/**
 * Makes a source of kind `generator`; throws EVENT_SOURCE_OPTIONS. Event i comes `every` after event i - 1 and depends
 * only on the seed and i, so each read yields the same events and, as time goes on, more of them. For AI jobs the event
 * with the worker comes before the event with the fees.
 *
 * @param now returns the current time; events after it do not exist yet
 */
export async function createGenerator(
  config: EventSourceConfig,
  now: () => Date = () => new Date(),
): Promise<EventSource> {
  const options = await checkOptions(config, generatorOptions);
  const { nodeType } = config;
  if (nodeType === null) throw optionsError(config.id, 'it needs region and nodeType');
  const payees = payeesOf(options);
  const hash = createHash('sha256').update(JSON.stringify([options, payees, nodeType]));
  return {
    readsFrom: `generator:${hash.digest('hex').slice(0, 16)}`,
    read: (request) => generate({ options, payees, isAi: nodeType === 'ai' }, request, now()),
  };
}

interface Recipe {
  readonly options: GeneratorOptions;
  readonly payees: readonly Address[];
  readonly isAi: boolean;
}

async function* generate(
  recipe: Recipe,
  { since, signal }: ReadRequest,
  until: Date,
): AsyncGenerator<readonly RawEvent[]> {
  const { start, every } = recipe.options;
  const spanMs = since === null ? -1 : since.getTime() - start.getTime();
  let slice: RawEvent[] = [];
  for (let i = Math.max(0, Math.floor(spanMs / every)); ; i += 1) {
    const dtMs = start.getTime() + i * every;
    if (dtMs > until.getTime()) break;
    slice.push({ place: `event ${i + 1} of the generator`, raw: eventOf(recipe, i, dtMs) });
    if (slice.length < SLICE_SIZE) continue;
    yield slice;
    slice = [];
    signal.throwIfAborted();
  }
  if (slice.length > 0) yield slice;
}

function eventOf(recipe: Recipe, i: number, dtMs: number): string {
  const Payload = JSON.stringify(contentOf(recipe, i));
  // Orchestrators write whole seconds, but here milliseconds are needed to tell two events of one second apart.
  return JSON.stringify({ ID: i + 1, Payload, Version: 1, DT: new Date(dtMs).toISOString() });
}

function contentOf({ options, payees, isAi }: Recipe, i: number): object {
  // Both halves of an AI job are made from the same number.
  const job = isAi ? Math.floor(i / 2) : i;
  const ethAddress = payees[Number(drawn(options.seed, `${job}/payee`, BigInt(payees.length)))];
  const feeWei = 1n + drawn(options.seed, `${job}/fee`, BigInt(options.maxFeeWei));
  // The fee is a text, because a JSON number would not keep the wei exact.
  const fees = feeWei.toString();
  if (!isAi) {
    const payload = { ethAddress, computeUnits: 1 + (i % 9_999), fees };
    return { event_type: 'job-processed', payload };
  }
  const model = { requestID: `generated-${job}`, pipeline: 'text-to-image', modelID: 'generated' };
  if (i % 2 === 0) return { event_type: 'job-received', payload: { ethAddress, ...model } };
  return { event_type: 'job-processed', payload: { ...model, fees } };
}

function payeesOf({ seed, payees }: GeneratorOptions): readonly Address[] {
  if (typeof payees !== 'number') return payees;
  return Array.from({ length: payees }, (_, i) => {
    const payee = payableAddress(`0x${digest(seed, `address/${i}`).slice(0, 40)}`);
    if (payee === undefined) throw new RangeError('a digest is an address');
    return payee;
  });
}

function drawn(seed: number, what: string, below: bigint): bigint {
  return BigInt(`0x${digest(seed, what)}`) % below;
}

function digest(seed: number, what: string): string {
  return createHash('sha256').update(`${seed}/${what}`).digest('hex');
}
