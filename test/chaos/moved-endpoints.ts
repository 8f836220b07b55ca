/** Plays a provider's mistake: endpoints answer for another chain, and an operator adopts what they show. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, lastLine, type Operator } from './operator.js';
import type { Deed } from './storm-plan.js';
import type { StormScene } from './storm-scene.js';

const ADOPT_TRIES = 5;
const RESUME_TRIES = 20;
const PAUSE_MS = 1_000;
const REASON = 'it looks as if the key was used';
/** The codes that say that the chain is another one. Which of them comes depends on what the endpoints showed first. */
const REFUSALS: readonly unknown[] = ['CHAIN_NOT_OURS', 'CHAIN_ID_WRONG'];

/**
 * Halts the wallet first, as nothing can be adopted otherwise, and lets no endpoint come back before
 * somebody has tried to adopt: what is shown there was never paid here.
 */
export async function moveEndpoints(
  { stack, operator, otherChainUrl, tally, isControl }: StormScene,
  { how, forMs }: Extract<Deed, { readonly kind: 'moveEndpoints' }>,
): Promise<string> {
  if (isControl) {
    await stack.rpc.move(otherChainUrl, how, forMs, async () => undefined);
    return 'moved back';
  }
  await operator.run('wallet', 'halt', '--reason', REASON);
  let said = '';
  await stack.rpc.move(otherChainUrl, how, forMs, async () => {
    const outcome = await adopt(operator, how === 'allEndpointsMoved' ? ADOPT_TRIES : 1);
    if (REFUSALS.includes(outcome.code)) tally.note('adoptRefusedElsewhere');
    said = outcome.words;
  });
  return `moved back; adopting said: ${said}; ${await resume(operator)}`;
}

interface Adoption {
  readonly code: unknown;
  readonly words: string;
}

/** Adopts until that is refused because of the chain; before, Postgres or Temporal may be away, or an answer lost. */
async function adopt(operator: Operator, tries: number): Promise<Adoption> {
  for (let turn = 1; ; turn += 1) {
    const { code: exit, told } = await operator.run('wallet', 'adopt', '--reason', REASON);
    const code = codeOf(told);
    const words = exit === 0 ? 'done' : `${String(code)}: ${lastLine(told)}`;
    if (REFUSALS.includes(code) || turn === tries) return { code, words };
    // The robot operator may have resumed the wallet meanwhile.
    if (code === 'WALLET_NOT_HALTED') await operator.run('wallet', 'halt', '--reason', REASON);
    await sleep(PAUSE_MS);
  }
}

async function resume(operator: Operator): Promise<string> {
  for (let turn = 1; ; turn += 1) {
    const { code, told } = await operator.run(
      'wallet',
      'resume',
      '--reason',
      'the provider is right again',
    );
    if (code === 0) return 'resumed';
    if (turn === RESUME_TRIES) return `not resumed: ${lastLine(told)}`;
    await sleep(PAUSE_MS);
  }
}
