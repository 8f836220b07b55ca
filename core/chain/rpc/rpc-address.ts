/** Splits an endpoint's URL into what goes on the wire and what may be shown. */

export type RpcAddress = ReturnType<typeof readRpcAddress>;

/** A shorter part of the path or query is taken for an ordinary word, a longer one for a secret key. */
const SHORTEST_KEY = 8;

/** Splits a URL. User and password become a header, because fetch refuses a URL that has them, and quotes it. */
export function readRpcAddress(text: string) {
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
  return {
    /** The URL without user and password. */
    href: url.href,
    headers,
    /** Host and port: messages show nothing else of the URL. */
    name: url.host,
    /** Removes the URL's secrets from what the endpoint says. */
    scrub: (words: string) =>
      secrets.reduce((shown, secret) => shown.replaceAll(secret, '…'), words),
  };
}

/** Returns the host of a URL: two URLs of one host count as one endpoint. */
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
