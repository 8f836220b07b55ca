/** Reads what an endpoint said when it was offered signed bytes. It is for messages only: nothing is decided on it. */

const REFUSED = /^\S+ refused it: ([\s\S]+)$/;
/** Refusals of an endpoint that has the bytes already, or another transaction with their nonce. */
const HAS_IT =
  /already known|known transaction|already imported|already exists|nonce too low|replacement transaction underpriced|could not replace/i;

/** Whether an endpoint answered with an error, whatever that means. */
export function isRefusal(answer: string): boolean {
  return REFUSED.test(answer);
}

/** Returns an endpoint's refusal of the bytes; null when it took them, has them already, or did not answer. */
export function refusalIn(answer: string | null): string | null {
  if (answer === null || !isRefusal(answer) || HAS_IT.test(answer)) return null;
  return answer;
}

/** How geth, Nethermind, Besu, Erigon, Reth and Hardhat say that the sender cannot pay. */
const UNAFFORDABLE =
  /insufficient ?(funds|balance)|OutOfFund|(enough|lack of) funds|(cost|value)\b.* exceeds .*balance/i;

/** Whether a node says that the wallet cannot pay. It is only a hint: decisions are made by the balance. */
export function isUnaffordable(said: string): boolean {
  return UNAFFORDABLE.test(said);
}
