/** Reads what an endpoint said when it was offered signed bytes. It is for messages only: nothing is decided on it. */

const REFUSED = /^\S+ refused it: ([\s\S]+)$/;
/** Refusals of an endpoint that has the bytes already, or another transaction with their nonce. */
const HAS_IT =
  /already known|known transaction|already imported|already exists|nonce too low|replacement transaction underpriced|could not replace/i;

/** Whether an endpoint answered with an error, whatever that means. */
export function isRefusal(answer: string): boolean {
  return REFUSED.test(answer);
}

/** The words with which an endpoint refused the bytes; null when it took them, has them, or was not heard. */
export function refusalIn(answer: string | null): string | null {
  if (answer === null || !isRefusal(answer) || HAS_IT.test(answer)) return null;
  return answer;
}

/** As geth, Nethermind, Besu, Erigon, Reth and Hardhat say it. */
const UNAFFORDABLE =
  /insufficient ?(funds|balance)|OutOfFund|(enough|lack of) funds|(cost|value)\b.* exceeds .*balance/i;

/**
 * Whether a node says that the wallet cannot pay. Each client has words of its own, so this only helps: what is
 * decided is decided by the balance.
 */
export function isUnaffordable(said: string): boolean {
  return UNAFFORDABLE.test(said);
}
