/** Checks that nobody else on this machine can read or change a file with a secret. */
import { stat } from 'node:fs/promises';

export interface Exposure {
  /**
   * `refused` for a key file that is ours to correct, and for any file that everybody can change; otherwise `warned`.
   */
  readonly verdict: 'refused' | 'warned';
  /** What is wrong, and the command that fixes it. */
  readonly words: string;
}

/** The directory where container runtimes mount secrets. Nobody in the container chose the modes of these files. */
const GIVEN = '/run/secrets/';

/**
 * Says how other users of this machine can read or change a secret's file; undefined when they cannot, or where file
 * modes mean nothing (Windows).
 *
 * @param isKey whether a person who reads the file could spend: the keystore, its passphrase, a remote signer's
 * credentials
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
  // A file of another owner may be readable to a group, because that is often the only way to give it to us.
  const isOurs = uid === process.getuid?.() && !path.startsWith(GIVEN);
  if ((mode & (isOurs ? 0o066 : 0o004)) === 0) return undefined;
  const words = `other users of this machine can read ${path} (mode ${shown}): ${chmod}`;
  return { verdict: isKey && isOurs ? 'refused' : 'warned', words };
}
