/** Whether a file that holds a secret is one: who else on this machine can read or change it. */
import { stat } from 'node:fs/promises';

export interface Exposure {
  /** Refused where the file is ours to correct, or others can change it; else only told. */
  readonly verdict: 'refused' | 'warned';
  /** What is wrong, with the command that helps. */
  readonly words: string;
}

/** Where container runtimes put secrets, with modes that nobody in the container chose. */
const GIVEN = '/run/secrets/';

/**
 * How a secret's file is exposed; undefined when it is not, or where modes mean nothing.
 *
 * @param isKey whoever reads it can spend: the keystore, its passphrase, what a remote signer trusts
 */
export async function exposureOf(path: string, isKey: boolean): Promise<Exposure | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || process.platform === 'win32') return undefined;
  const { mode, uid } = found;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const chmod = `chmod 600 ${path}`;
  if ((mode & 0o002) !== 0) {
    return { verdict: 'refused', words: `everybody can change ${path} (mode ${shown}): ${chmod}` };
  }
  // What somebody else gives us, he gives with the mode that he can: a group's is the usual one.
  const isOurs = uid === process.getuid?.() && !path.startsWith(GIVEN);
  if ((mode & (isOurs ? 0o066 : 0o004)) === 0) return undefined;
  const words = `other users of this machine can read ${path} (mode ${shown}): ${chmod}`;
  return { verdict: isKey && isOurs ? 'refused' : 'warned', words };
}
