/** The contract that every signer must keep; each adapter's test calls this with its own signer. */
import { Transaction } from 'ethers';
import { describe, expect, it } from 'vitest';
import type { Signer, UnsignedTransfer } from '../signer.js';

export const TRANSFER: UnsignedTransfer = {
  chainId: 42_161,
  nonce: 7,
  to: '0x00000000000000000000000000000000000000aa',
  valueWei: 2n ** 80n + 1n,
  gasLimit: 90_000n,
  maxFeePerGasWei: 100_000_000n,
  maxPriorityFeePerGasWei: 1n,
};

export function testSignerContract(name: string, openSigner: () => Promise<Signer>): void {
  describe(`${name}, as a signer`, () => {
    it('names its address in lower case', async () => {
      expect((await openSigner()).address).toMatch(/^0x[0-9a-f]{40}$/);
    });

    it('signs exactly what it was given, with its own key', async () => {
      const signer = await openSigner();
      const { raw, hash } = await signer.sign(TRANSFER);
      const signed = Transaction.from(`0x${Buffer.from(raw).toString('hex')}`);
      expect(signed.hash).toBe(hash);
      expect(signed.from?.toLowerCase()).toBe(signer.address);
      expect(signed.to?.toLowerCase()).toBe(TRANSFER.to);
      expect(signed).toMatchObject({
        type: 2,
        chainId: 42_161n,
        nonce: 7,
        value: TRANSFER.valueWei,
        gasLimit: TRANSFER.gasLimit,
        maxFeePerGas: TRANSFER.maxFeePerGasWei,
        maxPriorityFeePerGas: TRANSFER.maxPriorityFeePerGasWei,
        data: '0x',
      });
    });

    it('signs other bytes when any field of the transfer changes', async () => {
      const signer = await openSigner();
      const changes: readonly Partial<UnsignedTransfer>[] = [
        { chainId: 1 },
        { nonce: 8 },
        { valueWei: 1n },
        { gasLimit: 90_001n },
        { maxFeePerGasWei: 100_000_001n },
        { maxPriorityFeePerGasWei: 2n },
      ];
      const hashes = new Set([(await signer.sign(TRANSFER)).hash]);
      for (const change of changes) {
        hashes.add((await signer.sign({ ...TRANSFER, ...change })).hash);
      }
      expect(hashes.size).toBe(changes.length + 1);
    });

    it('signs many at the same time', async () => {
      const signer = await openSigner();
      const nonces = Array.from({ length: 100 }, (_, nonce) => nonce);
      const signed = await Promise.all(nonces.map((nonce) => signer.sign({ ...TRANSFER, nonce })));
      const given = signed.map(({ raw }) =>
        Transaction.from(`0x${Buffer.from(raw).toString('hex')}`),
      );
      expect(given.map(({ nonce }) => nonce)).toEqual(nonces);
    });

    it('passes its own check', async () => {
      const signer = await openSigner();
      expect(await signer.check?.()).toBeUndefined();
    });

    it('has no property that shows its key', async () => {
      const signer = await openSigner();
      const names = Object.keys(signer).filter((name) => name !== 'check');
      expect(names.sort()).toEqual(['address', 'sign']);
    });
  });
}
