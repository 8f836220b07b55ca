/** Serves the OpenAPI document of all routes, for programs and as pages. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import { docsPageRoutes } from '../page/docs/docs-page.js';
import type { Routes } from '../request.js';
import { buildDocument, type OpenApiDocument } from './document.js';

const OPEN_API_ROUTES = {
  summary: 'This document.',
  answer: z.looseObject({ openapi: z.string() }),
};

/** Adds the document, and the pages that show it. It has the routes that were added until it is asked for first. */
export function openApiRoutes(app: Hono, routes: Routes, pool: RunningPool): void {
  let document: OpenApiDocument | undefined;
  const documentOf = (): OpenApiDocument => {
    document ??= buildDocument(routes.described, pool.version);
    return document;
  };
  routes.raw('/openapi.json', OPEN_API_ROUTES, ({ c }) => c.json(documentOf()));
  docsPageRoutes(app, pool, documentOf);
}
