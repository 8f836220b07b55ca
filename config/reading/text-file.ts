/** Reads text files as other programs write them: with a byte order mark, or with the line ends of another system. */
import { readFile } from 'node:fs/promises';

/** Reads the file's text without its byte order mark. Rejects with the code `NOT_UTF8` when the file is not UTF-8. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path);
  // UTF-16 begins with its own byte order mark, or at least has a NUL next to every ASCII letter.
  const isUtf16 = /^(fffe|feff)/.test(bytes.subarray(0, 2).toString('hex'));
  if (isUtf16 || bytes.includes(0)) {
    throw Object.assign(new Error('it is no text in UTF-8'), { code: 'NOT_UTF8' });
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * Returns the secret in a file's text, without the line end that editors add. When the secret is a single line, further
 * line ends are removed too, because no token or password ends with one.
 */
export function secretIn(text: string): string {
  return /^[^\r\n]*[\r\n]+$/.test(text) ? text.replace(/[\r\n]+$/, '') : text.replace(/\r?\n$/, '');
}
