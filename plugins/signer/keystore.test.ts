import { beforeAll, describe, expect, it } from 'vitest';
import { makeKeystore, PASSPHRASE } from '../../test/harness/money.js';
import { openKeystore } from './keystore.js';
import { testSignerContract } from './signer-contract.js';

/** The scrypt example of the Web3 Secret Storage definition, as geth writes it. */
const SPECIFIED = {
  address: '008aeeda4d805471df9b2a5b0f38a0c3bcba786b',
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};

let json = '';
beforeAll(async () => {
  ({ json } = await makeKeystore());
});

testSignerContract('a geth keystore', () => openKeystore({ json, passphrase: PASSPHRASE }));

describe('a geth keystore', () => {
  it("opens with geth's own cost of scrypt while the process stays responsive", async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 5);
    const signer = await openKeystore({
      json: JSON.stringify(SPECIFIED),
      passphrase: 'testpassword',
    });
    clearInterval(timer);
    expect(signer.address).toBe('0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b');
    expect(turns).toBeGreaterThan(5);
  });

  it('refuses a wrong passphrase and a file that is none, without a word of either', async () => {
    const wrong = openKeystore({ json, passphrase: 'sesame' });
    await expect(wrong).rejects.toMatchObject({ code: 'KEYSTORE_PASSPHRASE_WRONG' });
    await expect(wrong).rejects.not.toThrow(/sesame/);
    for (const text of ['', '{}', 'no json', json.slice(0, 50), json.replace('"mac"', '"cam"')]) {
      const broken = openKeystore({ json: text, passphrase: PASSPHRASE });
      await expect(broken).rejects.toMatchObject({ code: 'KEYSTORE_MALFORMED' });
    }
  });
});
