/** Reads text files as other programs write them: with a byte order mark, or with another system's line ends. */
import { readFile } from 'node:fs/promises';

/** The file's text without its byte order mark; rejects with the code `NOT_UTF8` for one that is none. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path);
  // UTF-16 has a byte order mark of its own, or at least a NUL next to every plain letter.
  const isUtf16 = /^(fffe|feff)/.test(bytes.subarray(0, 2).toString('hex'));
  if (isUtf16 || bytes.includes(0)) {
    throw Object.assign(new Error('it is no text in UTF-8'), { code: 'NOT_UTF8' });
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * The secret in a file, without the line end that editors leave. When the secret is a single line, further line ends go
 * as well, because no token or password ends with one.
 */
export function secretIn(text: string): string {
  return /^[^\r\n]*[\r\n]+$/.test(text) ? text.replace(/[\r\n]+$/, '') : text.replace(/\r?\n$/, '');
}
