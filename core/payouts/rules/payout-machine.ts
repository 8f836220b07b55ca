/**
 * The state machine of a payout: its states, the moves between them, what may cause a move, and what is checked
 * before it. Money can leave the wallet only in `signed` and `reopened`. Only `sign` leads there from a state in
 * which nothing was signed, and it checks everything that the ledger knows. No move leads back to `reserved`, so no
 * payout is signed twice: the amount of a payout that ends unpaid is pending again, and a later round makes a new
 * payout.
 *
 * The database refuses every other step (migration 0013). docs/architecture.md shows the moves as a table.
 */
import { type PayoutState, SIGNED_STATES } from './payout.js';

export type MoveCause =
  | 'round'
  | 'manual order'
  | 'sender'
  | 'operator'
  | 'adoption'
  | 'chain at depth'
  | 'chain at finality'
  | 'reorg';

/** One move of a payout from one state to the next. */
export interface PayoutMove {
  readonly from: readonly (PayoutState | 'nothing')[];
  readonly to: PayoutState;
  readonly causes: readonly MoveCause[];
  /** The conditions that are checked again, in the same transaction or right before it. */
  readonly asks: string;
  /** The accounts between which its amount moves, or null when it stays where it is. */
  readonly books: {
    readonly kind: 'reserve' | 'settle' | 'release' | 'reopen';
    readonly from: 'pending' | 'reserved' | 'paid';
    readonly to: 'pending' | 'reserved' | 'paid';
  } | null;
}

const GIVEN_BACK = { kind: 'release', from: 'reserved', to: 'pending' } as const;
const FINAL_FAILURE =
  'a quorum of endpoints: its transaction is final, is the one that was signed, and failed';

export const PAYOUT_MOVES = {
  reserve: {
    from: ['nothing'],
    to: 'reserved',
    causes: ['round', 'manual order'],
    asks: 'under the payee’s lock: it can be paid, has no open payout, and enough is pending now',
    books: { kind: 'reserve', from: 'pending', to: 'reserved' },
  },
  sign: {
    from: ['reserved'],
    to: 'signed',
    causes: ['sender'],
    asks:
      'under the wallets’ lock: nothing is halted, this wallet pays, the chain knows no nonce that the ledger ' +
      'does not; it is not held, had no nonce yet, and keeps within the limits and the balance',
    books: null,
  },
  cancel: {
    from: ['reserved'],
    to: 'cancelled',
    causes: ['operator', 'adoption'],
    asks: 'under the payout’s lock: nothing is signed',
    books: GIVEN_BACK,
  },
  settle: {
    from: SIGNED_STATES,
    to: 'paid',
    causes: ['chain at depth'],
    asks: 'a quorum of endpoints: its transaction is deep enough, is the one that was signed, and succeeded',
    books: { kind: 'settle', from: 'reserved', to: 'paid' },
  },
  refuse: {
    from: SIGNED_STATES,
    to: 'refused',
    causes: ['chain at finality', 'operator'],
    asks: `${FINAL_FAILURE}; with one endpoint a person’s word as well. The payee is unpayable until a person releases it`,
    books: GIVEN_BACK,
  },
  fail: {
    from: SIGNED_STATES,
    to: 'failed',
    causes: ['chain at finality', 'operator'],
    asks: `${FINAL_FAILURE} for want of gas; with one endpoint a person’s word as well. The payee’s next payout gets a higher limit`,
    books: GIVEN_BACK,
  },
  supersede: {
    from: SIGNED_STATES,
    to: 'cancelled',
    causes: ['adoption'],
    asks: 'a quorum of endpoints: somebody else’s final transaction took its nonce; the wallet is halted',
    books: GIVEN_BACK,
  },
  reopen: {
    from: ['paid'],
    to: 'reopened',
    causes: ['reorg'],
    asks: 'a quorum of endpoints: its block is gone and its transaction in no other. Only its same bytes go out again',
    books: { kind: 'reopen', from: 'paid', to: 'reserved' },
  },
} as const satisfies Readonly<Record<string, PayoutMove>>;

export type PayoutMoveName = keyof typeof PAYOUT_MOVES;
