import { describe, expect, it } from 'vitest';
import { readContent, roleOf } from './event-type.js';

const ROLE_OF_CONTENT = {
  reset: 'presence',
  connection: 'presence',
  job: 'job',
  received: 'received',
};
const FIELDS = { ethAddress: `0x${'1'.repeat(40)}`, connection: 'x', fees: 1, requestID: 'r' };

describe('the role of an event’s type', () => {
  it.each([
    'orchestrator-reset',
    'gateway-reset',
    'node-reset',
    'worker-connected',
    'worker-disconnected',
    'job-received',
    'job-processed',
    'transcode',
  ])('fits what %s means', (eventType) => {
    const { kind } = readContent({ eventType, version: 1, fields: FIELDS });
    expect(roleOf(eventType, 1)).toBe(kind === 'note' ? 'note' : ROLE_OF_CONTENT[kind]);
    expect(kind).not.toBe('note');
  });

  it('is undefined for other types, and for versions that may mean something else', () => {
    expect(roleOf('ticket-redeemed', 1)).toBe('note');
    expect(roleOf('moon-phase', 1)).toBeUndefined();
    expect(roleOf('job-processed', 2)).toBeUndefined();
  });
});
