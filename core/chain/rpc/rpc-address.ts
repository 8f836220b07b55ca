/** Where an endpoint is: what goes on the wire, and what of it may be shown. */

export interface RpcAddress {
  /** Without user and password. */
  readonly href: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Host and port: all that messages say of it. */
  readonly name: string;
  /** Takes whatever the address keeps secret out of what the endpoint says. */
  scrub(words: string): string;
}

/** Shorter parts of a path or query are words, not keys. */
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

/** One host has one voice, whatever its paths and keys are. */
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
