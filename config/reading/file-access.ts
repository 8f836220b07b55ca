/** Checks that nobody else on this machine can read or change a file with a secret. */
import { stat } from 'node:fs/promises';

export interface Exposure {
  /** Refused where the file is ours to correct, or where others can change it; otherwise only a warning. */
  readonly verdict: 'refused' | 'warned';
  /** What is wrong, with the command that helps. */
  readonly words: string;
}

/** The place where container runtimes put secrets, with modes that nobody in the container chose. */
const GIVEN = '/run/secrets/';

/**
 * Tells how a secret's file is exposed; undefined when it is not, or where file modes mean nothing.
 *
 * @param isKey whether its reader could spend: the keystore, its passphrase, what a remote signer trusts
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
  // Another owner often can give us a file only through a group, so a group may read such a file.
  const isOurs = uid === process.getuid?.() && !path.startsWith(GIVEN);
  if ((mode & (isOurs ? 0o066 : 0o004)) === 0) return undefined;
  const words = `other users of this machine can read ${path} (mode ${shown}): ${chmod}`;
  return { verdict: isKey && isOurs ? 'refused' : 'warned', words };
}
