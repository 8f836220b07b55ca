import type { ChainConfig } from '../../core/chain/settings.js';
import type { ConfigDocument } from '../reading/document.js';
import type { NamedFiles } from '../reading/files.js';
import { isWebUrl } from '../reading/kinds.js';
import type { ConfigValues } from '../schema.js';

interface Reading {
  readonly values: ConfigValues['chain'];
  readonly document: ConfigDocument;
  readonly files: NamedFiles;
}

export async function buildChain(reading: Reading): Promise<ChainConfig> {
  const { values, document, files } = reading;
  const { id, rpcUrls: given, rpcUrlsFile, ...rest } = values;
  const fromFile = await files.readSecret(['chain', 'rpcUrlsFile'], rpcUrlsFile);
  const listed = fromFile?.split('\n').map((line) => line.trim());
  const rpcUrls = [...(given ?? []), ...(listed ?? []).filter((line) => line !== '')];
  if (!rpcUrls.every(isWebUrl)) {
    const message = 'the file must hold one http:// or https:// URL a line';
    files.note(document.problem('CONFIG_VALUE', ['chain', 'rpcUrlsFile'], message));
  } else {
    refuseTwice(reading, rpcUrls);
  }
  if (given === undefined && rpcUrlsFile === undefined) {
    const message = 'say where the chain is: rpcUrls or rpcUrlsFile';
    files.note(document.problem('CONFIG_MISSING_KEY', ['chain'], message));
  }
  return { chainId: id, rpcUrls, ...rest };
}

/** Notes a problem for an endpoint that is listed twice: it would confirm its own answers. */
function refuseTwice({ values, document, files }: Reading, rpcUrls: readonly string[]): void {
  const known = new Set<string>();
  for (const [index, url] of rpcUrls.entries()) {
    const { href } = new URL(url);
    const isListed = index < (values.rpcUrls?.length ?? 0);
    const place = isListed ? ['rpcUrls', index] : ['rpcUrlsFile'];
    const message =
      'the same URL stands here twice: an endpoint cannot confirm what it said itself';
    if (known.has(href)) {
      files.note(document.problem('CONFIG_DUPLICATE', ['chain', ...place], message));
    }
    known.add(href);
  }
}
