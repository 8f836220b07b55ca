import { elementText, goTime, payloadText } from '../kit/event-element.js';
import type { Random } from '../kit/random.js';
import type { Happening } from './simulator.js';
import { happening } from './simulator-jobs.js';

interface Row {
  readonly id: number;
  readonly dt: string;
}

/** Well-formed events that no manager needs. They are kept and counted, and credited to nobody. */
export function strangeEvents(random: Random, atMs: number): readonly Happening[] {
  const unknown = payloadText('orchestrator-moon-phase', { phase: random.pick(['full', 'new']) });
  return [
    { atMs, payload: unknown, version: 7, truth: { type: 'orchestrator-moon-phase' } },
    happening(atMs, 'ticket-redeemed', {
      recipient: `0x${random.hex(20)}`,
      sender: `0x${random.hex(20)}`,
      // Both amounts are above 2^64. The zero hash says that the redemption failed.
      faceValue: 340_282_366_920_938_463_463_374n,
      winProb: 2n ** 250n + 1n,
      pricePerPixel: 1200,
      creationRound: 3456,
      txHash: `0x${'0'.repeat(64)}`,
    }),
    happening(atMs, 'ai-job-sent', {
      ethAddress: `0x${random.hex(20)}`,
      taskID: random.int(1, 1e9),
      pipeline: 'llm',
      modelID: 'none',
    }),
    happening(atMs, 'ai-job-processedd', {
      ethAddress: null,
      sender: `0x${random.hex(20)}`,
      manifestID: random.hex(4),
      responseTime: 1234,
      price: 17,
      aiComputeUnits: 4096,
      pricePerAIComputeUnit: 0.25,
    }),
  ];
}

/** Elements that no orchestrator should send, and some do. Each is broken in another way. */
export function brokenEvents(random: Random, atMs: number): readonly Happening[] {
  const note = random.hex(6);
  const job = (fees: string) =>
    `{"event_type":"job-processed","payload":{"requestID":"${note}","computeUnits":1,` +
    `"pricePerComputeUnit":1,"fees":${fees},"responseTime":1}}`;
  const withPayload = (text: string) => (row: Row) =>
    elementText({ id: row.id, dt: goTime(row.dt), payload: text });
  const variants: readonly ((row: Row) => string)[] = [
    withPayload(`{"event_type": "job-processed", "payload": {"requestID": "${note}`),
    withPayload(job('-5000000000000000')),
    withPayload(job('12.5')),
    (row) => elementText({ id: row.id, dt: note, payload: job('1') }),
    (row) => `{"ID":${row.id},"Version":1,"DT":"${goTime(row.dt)}","Note":"${note}"}`,
    () => `"${note}"`,
  ];
  return variants.map((broken) => ({
    atMs,
    payload: '',
    broken,
    truth: { type: 'malformed', malformed: true },
  }));
}
