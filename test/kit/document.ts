import type { Hono } from 'hono';
import type { ApiDeps } from '../../api/app.js';
import type { OpenApiDocument } from '../../api/openapi/document.js';
import { openDatabase } from '../../core/db/database.js';
import { poolOf } from './silent-temporal.js';

/** Makes an app whose database and Temporal are never asked. */
export const appOfNothing = (createApp: (deps: ApiDeps) => Hono): Hono =>
  createApp(poolOf(openDatabase({ url: 'postgres://127.0.0.1:1/none' })));

/** Asks such an app for its OpenAPI document. */
export async function documentOf(createApp: (deps: ApiDeps) => Hono): Promise<OpenApiDocument> {
  const response = await appOfNothing(createApp).request('/openapi.json');
  return (await response.json()) as OpenApiDocument;
}
