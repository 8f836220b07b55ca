/** What is behind each code of a wait: which gate it is, whether it opens by itself, and who can open it. */
import type { Gate, Opener } from '../../payouts/rules/gates.js';
import type { Wait, WaitCode } from '../../payouts/rules/payout.js';

type WaitTraits = readonly [name: string, opensByItself: boolean, opener: Opener];

const TRAITS: Readonly<Record<WaitCode, WaitTraits>> = {
  PAYOUT_HELD: ['hold', false, 'pool'],
  WALLET_HALTED: ['halt', false, 'pool'],
  WALLET_EMPTY: ['balance', false, 'pool'],
  FEE_ABOVE_CAP: ['network-fee', true, 'pool'],
  GAS_ABOVE_CAP: ['gas', false, 'pool'],
  PAYOUT_ABOVE_CAP: ['amount', false, 'pool'],
  DAILY_CAP_REACHED: ['day', true, 'pool'],
  GAS_SHARE_ABOVE_CAP: ['gas-share', true, 'pool'],
  RPC_UNREACHABLE: ['endpoints', true, 'pool'],
  PAYEE_IS_WALLET: ['own-wallet', false, 'pool'],
  NOT_INVITED: ['admission', false, 'pool'],
  NOT_ADMITTED: ['admission', false, 'pool'],
  HELD_BY_POLICY: ['policy-hold', false, 'pool'],
  PAUSED_BY_PAYEE: ['pause', false, 'payee'],
  SIGNER_UNREACHABLE: ['signer', true, 'pool'],
  SIGNER_REFUSED: ['signer', false, 'pool'],
  WALLET_REPLACED: ['wallet', false, 'pool'],
  AWAITING_BROADCAST: ['broadcast', true, 'nobody'],
  BROADCAST_REFUSED: ['broadcast', true, 'pool'],
  AWAITING_INCLUSION: ['block', true, 'nobody'],
  AWAITING_CONFIRMATIONS: ['confirmations', true, 'nobody'],
  AWAITING_FINALITY: ['finality', true, 'nobody'],
  AWAITING_OPERATOR: ['failure', false, 'pool'],
};

/** The gate that a payout waits at. */
export function gateOfWait({ code, reason }: Wait): Gate<WaitCode> {
  const [name, opensByItself, opener] = TRAITS[code];
  return { name, code, reason, measured: null, opensByItself, opener };
}
