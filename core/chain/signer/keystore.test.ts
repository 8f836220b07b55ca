import { readFile } from 'node:fs/promises';
import { encryptKeystoreJson } from 'ethers';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeKeystore, PASSPHRASE } from '../../../test/harness/money.js';
import { openKeystore } from './keystore.js';
import { TRANSFER, testSignerContract } from './testing/signer-contract.js';

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

  // Publicly known keys: from the specification's own vectors, and anvil's second account.
  const ANVIL = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
  const SPECIFICATION = '0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b';
  const fixture = (name: string) =>
    readFile(new URL(`../../../test/fixtures/keystores/${name}`, import.meta.url));

  it.each([
    ['scrypt with r 1 and p 8', 'scrypt-r1-p8.json', 'secret\n', ANVIL],
    [
      'scrypt as the specification has it',
      'specification-scrypt.json',
      'testpassword',
      SPECIFICATION,
    ],
    [
      'pbkdf2 as the specification has it',
      'specification-pbkdf2.json',
      'testpassword',
      SPECIFICATION,
    ],
  ])('opens %s', async (_, name, passphrase, address) => {
    const text = (await fixture(name)).toString();
    expect((await openKeystore({ json: text, passphrase })).address).toBe(address);
  });

  it('takes the bytes of a passphrase as geth does, which Unicode would change', async () => {
    const text = (await fixture('decomposed-umlaut.json')).toString();
    const passphrase = await fixture('decomposed-umlaut.pass');
    expect((await openKeystore({ json: text, passphrase })).address).toBe(ANVIL);
  });

  it('takes a passphrase that ethers has changed when it made the keystore', async () => {
    const { key } = await makeKeystore();
    for (const passphrase of ['u\u0308ber', '\uff11\uff12', '\ufb01n']) {
      const made = await encryptKeystoreJson(key, passphrase, { scrypt: { N: 2 } });
      const signer = await openKeystore({ json: made, passphrase: `${passphrase}\n` });
      expect(signer.address).toBe(key.address.toLowerCase());
    }
  });

  it.each(['byte-order-mark.pass', 'two-line-ends.pass'])(
    'opens with the first line of a file that holds more: %s',
    async (name) => {
      // Whoever reads the keystore's file drops its byte-order mark.
      const text = (await fixture('byte-order-mark.json')).toString().replace(/^\ufeff/, '');
      const signer = await openKeystore({ json: text, passphrase: await fixture(name) });
      expect(signer.address).toBe(ANVIL);
    },
  );

  it.each(['secret', 'secret\n', 'secret\r\n', 'secret\r\nof another account\r\n', 'secret\n\n'])(
    'opens with the line ends of any program: %j',
    async (passphrase) => {
      const text = (await fixture('byte-order-mark.json')).toString().replace(/^\ufeff/, '');
      expect((await openKeystore({ json: text, passphrase })).address).toBe(ANVIL);
    },
  );

  it('names the key derivation that it does not support', async () => {
    const odd = json.replace('"kdf":"scrypt"', '"kdf":"argon2"');
    await expect(openKeystore({ json: odd, passphrase: PASSPHRASE })).rejects.toMatchObject({
      ...{ code: 'KEYSTORE_MALFORMED', message: expect.stringContaining('kdf argon2 {"n":2') },
    });
  });

  it('refuses a wrong passphrase and a file that is no keystore, and quotes neither', async () => {
    const wrong = openKeystore({ json, passphrase: 'sesame' });
    await expect(wrong).rejects.toMatchObject({ code: 'KEYSTORE_PASSPHRASE_WRONG' });
    await expect(wrong).rejects.not.toThrow(/sesame/);
    for (const text of ['', '{}', 'no json', json.slice(0, 50), json.replace('"mac"', '"cam"')]) {
      const broken = openKeystore({ json: text, passphrase: PASSPHRASE });
      await expect(broken).rejects.toMatchObject({ code: 'KEYSTORE_MALFORMED' });
    }
  });
});
