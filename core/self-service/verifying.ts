/** Decides whether a payee signed a wish: by its key, or, when there is a contract at its address, by the contract's rules. */
import { PoolError } from '../base/errors/pool-error.js';
import { ChainError } from '../chain/endpoint-error.js';
import type { ChainClient } from '../chain/quorum.js';
import { acceptsSignature, digestOf, signatureQuestion, signerOf } from '../chain/signatures.js';
import { typedDataOf, type WishMessage } from './rules/typed-data.js';
import type { Proof } from './store/tables.js';

/** Asks a quorum of the endpoints. */
export type SignatureChain = Pick<ChainClient, 'agreed'>;

const SIGNATURE = /^0x([0-9a-f]{2}){1,4096}$/;

/**
 * Returns how the signature proves the wish. Throws WISH_NOT_SIGNED when it does not, and WISH_UNVERIFIED while the chain
 * cannot be asked: then it is neither right nor wrong.
 */
export async function verifyWish(
  signed: WishMessage,
  signature: string,
  chain: SignatureChain,
): Promise<Proof> {
  const { payee } = signed;
  if (!SIGNATURE.test(signature)) {
    throw new PoolError('WISH_MALFORMED', 'The signature must be bytes in hex, 0x first.');
  }
  const digest = digestOf(typedDataOf(signed));
  const signer = signerOf(digest, signature);
  if (signer === payee) return 'key';
  const question = signatureQuestion(payee, digest, signature);
  const answer = await ask(chain, question);
  if (acceptsSignature(answer)) return 'contract';
  const by = signer === undefined ? 'no key' : signer;
  const words = `${payee} did not sign this message: the signature is that of ${by}`;
  throw new PoolError('WISH_NOT_SIGNED', words, { payee });
}

async function ask(
  chain: SignatureChain,
  question: ReturnType<typeof signatureQuestion>,
): Promise<string | null> {
  try {
    const said = await chain.agreed((reads) => reads.callContracts([question]));
    if (said.agreed) return said.value[0] ?? null;
    throw new PoolError('WISH_UNVERIFIED', `The contract's answer is not known: ${said.reason}.`);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const words = `The contract's answer is not known: ${error.message}.`;
    throw new PoolError('WISH_UNVERIFIED', words);
  }
}
