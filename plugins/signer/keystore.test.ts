import { beforeAll, describe, expect, it } from 'vitest';
import { makeKeystore, PASSPHRASE } from '../../test/harness/money.js';
import { openKeystore } from './keystore.js';
import { TRANSFER, testSignerContract } from './signer-contract.js';

let json = '';
beforeAll(async () => {
  ({ json } = await makeKeystore());
});

testSignerContract('a geth keystore', () => openKeystore({ json, passphrase: PASSPHRASE }));

describe('a geth keystore', () => {
  it('opens one with a costly scrypt while the process stays responsive', async () => {
    const costly = await makeKeystore({ N: 65_536, r: 8, p: 1 });
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 5);
    const signer = await openKeystore({ json: costly.json, passphrase: PASSPHRASE });
    clearInterval(timer);
    expect(signer.address).toBe(costly.key.address.toLowerCase());
    expect(turns).toBeGreaterThan(5);
  });

  it('gives the same bytes for the same transfer', async () => {
    const open = () => openKeystore({ json, passphrase: PASSPHRASE });
    const [one, other] = [await open(), await open()];
    expect(await one.sign(TRANSFER)).toEqual(await other.sign(TRANSFER));
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
