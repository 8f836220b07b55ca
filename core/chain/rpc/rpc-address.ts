/** Splits an endpoint's URL into what goes on the wire and what may be shown. */

export interface RpcAddress {
  /** Without user and password. */
  readonly href: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Host and port: messages show nothing else of the URL. */
  readonly name: string;
  /** Removes the URL's secrets from what the endpoint says. */
  scrub(words: string): string;
}

/** Parts of a path or query that are shorter than this are taken for words, not for keys. */
const SHORTEST_KEY = 8;

/** User and password become a header: fetch refuses a URL that has them, and names it in its error. */
export function readRpcAddress(text: string): RpcAddress {
  const url = new URL(text);
  const { username, password, pathname, search } = url;
  const secrets = [username, password, ...pathname.split('/'), ...search.split(/[?&=]/)]
    .flatMap((part) => [part, decoded(part)])
    .filter(
      (part) => part.length >= SHORTEST_KEY || (part !== '' && [username, password].includes(part)),
    );
  url.username = '';
  url.password = '';
  url.hash = '';
  const headers: Record<string, string> = {};
  if (username !== '' || password !== '') {
    const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`, 'utf8');
    const encoded = pair.toString('base64');
    secrets.push(encoded);
    headers['authorization'] = `Basic ${encoded}`;
  }
  const scrub = (words: string) =>
    secrets.reduce((text, secret) => text.replaceAll(secret, '…'), words);
  return { href: url.href, headers, name: url.host, scrub };
}

/** Gives the host of a URL: two URLs of one host count as one endpoint. */
export function rpcHost(text: string): string {
  return new URL(text).host.replace(/\.(?=:\d+$|$)/, '');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
