/** What a gate that is shut means, in the words of somebody who owns a GPU and has never run a pool. */
import type { GateCode } from '../../payouts/rules/gates.js';

const WORDS: Readonly<Record<GateCode, string>> = {
  NOTHING_PENDING: 'You have earned nothing since your last payout.',
  NEGATIVE: 'You owe the pool: what you earn pays that back first.',
  OPEN_PAYOUT: 'A payout to you is under way; the next one follows when it has ended.',
  UNPAYABLE: 'An earlier payout to this address was refused. Ask the pool to pay it again.',
  PAYEE_IS_WALLET: 'This address is a wallet of the pool, and the pool does not pay itself.',
  BELOW_THRESHOLD:
    'You have not reached the amount from which the pool pays. It grows as you earn.',
  TOO_SOON: 'Your last payout was a short while ago. The pool waits a little between two.',
  NOT_INVITED:
    'This pool pays invited workers only. What you earned is kept for you: ask the pool for an invitation.',
  NOT_ADMITTED:
    'The pool does not pay this address for now, and says why. What you earned is kept.',
  HELD_BY_POLICY: 'The pool holds your payouts for now, and says why. What you earned is kept.',
  PAUSED_BY_PAYEE: 'You have paused your payouts. What you earned is kept until you resume them.',
  GAS_TOO_DEAR:
    "The network's fee would eat too much of it. It is paid when the fee is lower or you have earned more.",
  PAYOUTS_OFF: 'The pool has switched payouts off. What you earned is kept.',
  WALLET_HALTED: 'The pool has stopped its wallet to look at something. What you earned is kept.',
  WORKER_SILENT: 'The program that pays does not run at the moment. What you earned is kept.',
  TEMPORAL_UNREACHABLE: 'A part of the program that pays is away. What you earned is kept.',
  ROUND_LATE: 'The pool is late with its payouts. What you earned is kept.',
  WALLET_EMPTY:
    "There is too little in the pool's wallet. It pays you once the pool has filled it.",
  PAYOUT_HELD: 'The pool holds this payout to look at it. Nothing is lost.',
  FEE_ABOVE_CAP:
    "The network's fee is above the pool's limit. This passes by itself; nothing is lost.",
  GAS_ABOVE_CAP: 'A transfer to your address needs more gas than the pool allows. Ask the pool.',
  PAYOUT_ABOVE_CAP: 'It is a large amount, and a person of the pool has to approve it.',
  DAILY_CAP_REACHED: 'The pool has paid as much as it pays in a day. Yours follows by itself.',
  GAS_SHARE_ABOVE_CAP:
    "The network's fee would eat too much of this payout. It waits for a lower fee.",
  RPC_UNREACHABLE: 'The pool cannot ask the chain at the moment. This passes by itself.',
  SIGNER_UNREACHABLE: 'What signs payments does not answer. The pool asks it again by itself.',
  SIGNER_REFUSED: 'What signs payments refuses this one. The pool has to look at it.',
  WALLET_REPLACED: 'The pool is changing its wallet. It goes on when that is done.',
  AWAITING_BROADCAST: 'It is signed, and about to be sent.',
  BROADCAST_REFUSED: 'It was sent and not taken yet. The pool sends it again by itself.',
  AWAITING_INCLUSION: 'It is sent; the chain takes it into one of its next blocks.',
  AWAITING_CONFIRMATIONS: 'It is in a block. After a few more blocks it counts as paid.',
  AWAITING_FINALITY:
    'The transfer failed. Once that is final, the amount is yours to be paid again.',
  AWAITING_OPERATOR: 'The transfer failed, and a person of the pool has to confirm that.',
};

/** What the gate that is shut with this code means to a worker. */
export function workerWords(code: GateCode): string {
  return WORDS[code];
}
