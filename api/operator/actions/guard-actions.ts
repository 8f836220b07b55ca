import { parseEventTime } from '../../../client/event-times.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import { GUARD_STATES, type GuardState } from '../../../core/guard/rules/states.js';
import {
  addOverride,
  type KeptOverride,
  withdrawOverride,
} from '../../../core/guard/store/overrides.js';
import { readOverrideId } from '../../routes/guard.js';
import { type Action, inPostgres } from './action.js';

function stateOf(text: string | undefined): GuardState {
  const state = GUARD_STATES.find((one) => one === text?.trim());
  if (state !== undefined) return state;
  throw new PoolError('REQUEST_INVALID', `Give one of these states: ${GUARD_STATES.join(', ')}.`);
}

const wordsOf = ({ payee, state, untilDt }: KeptOverride): string =>
  `${toChecksum(payee)}: ${state} until ${untilDt.toISOString()}`;

const ANY_PLACE = { nodeType: null, region: null, pipeline: null, modelId: null } as const;

export const GUARD_ACTIONS = {
  'guard.override': {
    role: 'operate',
    label: 'Decide instead of the guard',
    title: 'Decide instead of the guard how all workers of a payee stand',
    inputs: [
      { name: 'payee', label: 'Payee', hint: '0x…', kind: 'text' },
      { name: 'state', label: 'State', hint: GUARD_STATES.join(', '), kind: 'text' },
      { name: 'until', label: 'Until', hint: '2026-02-01T00:00:00Z', kind: 'text' },
    ],
    run: inPostgres(async (reader, { subject, inputs }, decision) => {
      const made = await addOverride(reader, {
        ...decision,
        ...ANY_PLACE,
        payee: parseAddress(inputs.payee ?? subject),
        state: stateOf(inputs.state),
        from: null,
        until: new Date(parseEventTime(inputs.until ?? '')),
      });
      return wordsOf(made);
    }),
  },
  'guard.withdraw': {
    role: 'operate',
    label: 'End',
    title: 'End what was decided instead of the guard',
    run: inPostgres(async (reader, { subject }, decision) => {
      const ended = await withdrawOverride(reader, readOverrideId(subject), decision);
      return `${wordsOf(ended)}: ended now`;
    }),
  },
} as const satisfies Readonly<Record<string, Action>>;
