import type { ConfigDocument } from '../reading/document.js';
import type { NamedFiles } from '../reading/files.js';
import { isPostgresUrl } from '../reading/kinds.js';
import type { ConfigValues } from '../schema.js';

export type DatabaseConfig =
  | { readonly url: string }
  | {
      /** The data directory of the embedded Postgres, which comes with an npm package. */
      readonly embeddedDir: string;
      readonly port: number;
    };

interface Reading {
  readonly values: ConfigValues['database'];
  readonly document: ConfigDocument;
  readonly files: NamedFiles;
}

export async function buildDatabase(reading: Reading): Promise<DatabaseConfig> {
  const { values, document, files } = reading;
  const { embedded } = values;
  const isNamed = values.url !== undefined || values.urlFile !== undefined;
  if (embedded !== undefined) {
    if (isNamed) {
      const message = 'there is a URL beside it: keep the one or the other';
      files.note(document.problem('CONFIG_DUPLICATE', ['database', 'embedded'], message));
    }
    return { embeddedDir: files.resolve(embedded.dir), port: embedded.port };
  }
  if (!isNamed) {
    const message = 'say where Postgres is: url, urlFile or embedded';
    files.note(document.problem('CONFIG_MISSING_KEY', ['database'], message));
  }
  return { url: await readUrl(reading) };
}

async function readUrl({ values, document, files }: Reading): Promise<string> {
  const text = await files.secret(['database', 'url'], values);
  const password = await files.readSecret(['database', 'passwordFile'], values.passwordFile);
  if (text === undefined) return '';
  if (!isPostgresUrl(text)) {
    const message = 'the file must hold a URL such as postgres://user@host:5432/name';
    files.note(document.problem('CONFIG_VALUE', ['database', 'urlFile'], message));
    return '';
  }
  if (password === undefined) return text;
  const url = new URL(text);
  if (url.password !== '') {
    const message = 'the URL has a password too: keep one of them';
    files.note(document.problem('CONFIG_DUPLICATE', ['database', 'passwordFile'], message));
  }
  url.password = encodeURIComponent(password);
  return url.toString();
}
