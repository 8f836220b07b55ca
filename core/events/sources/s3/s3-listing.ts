/**
 * Checks that an answer is the whole listing of a bucket. The SDK does not check it: it takes the page of a web
 * console, any other XML, and even an empty answer for the listing of an empty bucket.
 */

import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';

/** The limit for a listing, in bytes: a thousand of the longest keys, all escaped, need less. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_QUOTED = 120;

const BEGIN =
  /^\uFEFF?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<((?:[\w.-]+:)?ListBucketResult)[\s/>]/;

/**
 * Collects the bytes of a listing. Throws EVENT_SOURCE_NOT_JSON for any other answer, and EVENT_SOURCE_TRUNCATED for a
 * listing without its end.
 *
 * @param where the storage and the bucket, for messages
 */
export async function collectListing(
  chunks: AsyncIterable<Buffer>,
  where: string,
): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw noListing(where, Buffer.concat(parts).toString('utf8', 0, 1_000));
  }
  const bytes = Buffer.concat(parts);
  const text = bytes.toString();
  const [, root] = BEGIN.exec(text) ?? [];
  if (root === undefined) throw noListing(where, text);
  if (!text.trimEnd().endsWith(`</${root}>`)) {
    const message = `${where}: the listing ends after ${size} bytes, in the middle`;
    throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
  }
  return bytes;
}

function noListing(where: string, text: string): PoolError {
  const found = foreignText(text.slice(0, 2 * MOST_QUOTED), MOST_QUOTED).trim();
  const what = found === '' ? 'nothing' : `what is none and begins with ${JSON.stringify(found)}`;
  const message = `${where}: asked for the listing of the bucket, it answered ${what}`;
  return new PoolError('EVENT_SOURCE_NOT_JSON', message);
}
