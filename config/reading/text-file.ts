/** Files as other programs write them: with a byte order mark, with the line ends of another system, in UTF-16. */
import { readFile } from 'node:fs/promises';

/** The file's text without its byte order mark; rejects with the code `NOT_UTF8` for one that is none. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path);
  // UTF-16 has a mark of its own, or at least a NUL beside every plain letter.
  const isUtf16 = /^(fffe|feff)/.test(bytes.subarray(0, 2).toString('hex'));
  if (isUtf16 || bytes.includes(0)) {
    throw Object.assign(new Error('it is no text in UTF-8'), { code: 'NOT_UTF8' });
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * A secret as it stands in a file, without the line's end that editors leave. Where it is one line, more of
 * them go as well: no token or password ends with one.
 */
export function secretIn(text: string): string {
  return /^[^\r\n]*[\r\n]+$/.test(text) ? text.replace(/[\r\n]+$/, '') : text.replace(/\r?\n$/, '');
}
