/** What an endpoint said when it was offered signed bytes; nothing is decided on it, it makes words. */

const REFUSED = /^\S+ refused it: ([\s\S]+)$/;
/** It has them, or has seen what consumed their nonce, or keeps what was sent before them. */
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
