/** What the routes of the performance guard answer. */
import { z } from 'zod';
import { GUARD_STATES } from '../../core/guard/rules/states.js';
import type { About } from '../openapi/about.js';
import { address, count, nodeType, pageOf, time } from './fields.js';

const state = z.enum(GUARD_STATES).meta({ id: 'GuardState' });

const standing = z
  .object({
    ethAddress: address,
    nodeType,
    region: z.string(),
    pipeline: z.string(),
    modelId: z.string(),
    state,
    since: time,
    reason: z.string(),
    lifts: z.string().nullable(),
    decidedBy: z.string(),
    figures: z.unknown(),
  })
  .meta({ id: 'GuardStanding' });

const any = z.string().nullable().meta({ description: 'Null: any.' });
const override = z
  .object({
    id: z.string(),
    ethAddress: address,
    nodeType: nodeType.nullable(),
    region: any,
    pipeline: any,
    modelId: any,
    state,
    from: time,
    until: time,
    by: z.string(),
    reason: z.string(),
    createdAt: time,
    withdrawnAt: time.nullable(),
    withdrawnBy: z.string().nullable(),
  })
  .meta({ id: 'GuardOverride' });

const decided = z.object({ dryRun: z.boolean(), override });

export const GUARD = {
  list: {
    summary: 'How remote workers stand by pipeline and model, why, and what lifts it.',
    answer: pageOf('workers', standing).extend({ mode: z.enum(['off', 'warn', 'exclude']) }),
    errors: ['ADDRESS_MALFORMED'],
    role: 'read',
  },
  effect: {
    summary: 'Whether orchestrators obeyed the list of preferred workers, hour by hour.',
    answer: z.object({
      advice: z.string(),
      hours: z.array(
        z.object({
          hour: time,
          jobs: count,
          toExcluded: count,
          expected: z.number(),
          verdict: z.enum(['obeyed', 'ignored', 'not enough']),
          judgedBy: count,
        }),
      ),
    }),
    role: 'read',
  },
  overrides: {
    summary: 'What operators decided instead of the guard, the newest first.',
    answer: pageOf('overrides', override),
    role: 'read',
  },
  override: {
    summary: 'Decides instead of the guard how a payee stands, until a time.',
    answer: decided,
    errors: ['ADDRESS_MALFORMED', 'PAYEE_UNKNOWN'],
    role: 'operate',
  },
  withdraw: {
    summary: 'Ends an override now.',
    answer: decided,
    errors: ['OVERRIDE_NOT_FOUND'],
    role: 'operate',
  },
} as const satisfies Record<string, About>;
