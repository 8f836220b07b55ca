/** Writes the types of the API's client from the OpenAPI document: `npm run openapi`. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { typesOf } from 'openapi-types-of';
import { createApp } from '../api/app.js';
import { documentOf } from './kit/document.js';

const FILE = fileURLToPath(new URL('../client/http/api-types.ts', import.meta.url));
const HEAD =
  '/** The types of the API, made from its OpenAPI document by `npm run openapi`. */\n\n';

export async function apiTypes(): Promise<string> {
  return HEAD + (await typesOf(JSON.stringify(await documentOf(createApp))));
}

export const writtenTypes = (): Promise<string> => readFile(FILE, 'utf8');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(FILE, await apiTypes());
  process.exit();
}
