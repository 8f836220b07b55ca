/** Serves the OpenAPI document of all routes. */
import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import type { Routes } from '../request.js';
import { buildDocument, type OpenApiDocument } from './document.js';

const OPEN_API_ROUTES = {
  summary: 'This document.',
  answer: z.looseObject({ openapi: z.string() }),
};

/** Adds the route. It must be the last one to be added: the document has the routes that were there when it was first asked for. */
export function openApiRoutes(routes: Routes, { version }: Pick<RunningPool, 'version'>): void {
  let document: OpenApiDocument | undefined;
  routes.raw('/openapi.json', OPEN_API_ROUTES, ({ c }) => {
    document ??= buildDocument(routes.described, version);
    return c.json(document);
  });
}
