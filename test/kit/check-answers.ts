/**
 * Checks every answer of every app that a test makes against the OpenAPI document, and fails the test with the place. It
 * runs before each file of tests (vitest.config.ts) and costs only those that make an app.
 */
import type { Hono } from 'hono';
import { afterAll, afterEach, vi } from 'vitest';
import type { ApiDeps } from '../../api/app.js';

/** What was wrong with the answers since the last test. */
export const answerFaults: string[] = [];

vi.mock('../../api/app.js', async (importOriginal) => {
  const api = await importOriginal<typeof import('../../api/app.js')>();
  const { createAnswerCheck } = await import('./document-check.js');
  const { documentOf } = await import('./document.js');
  const check = createAnswerCheck(await documentOf(api.createApp));
  const checked = (app: Hono): Hono => {
    const { fetch } = app;
    app.fetch = async (request, ...rest) => {
      const response = await fetch(request, ...rest);
      const fault = await check(request, response);
      if (fault !== undefined) answerFaults.push(fault);
      return response;
    };
    return app;
  };
  return {
    ...api,
    createApp: (deps: ApiDeps) => checked(api.createApp(deps)),
    createApi: (deps: ApiDeps) => {
      const made = api.createApi(deps);
      checked(made.app);
      return made;
    },
  };
});

function report(): void {
  const found = answerFaults.splice(0);
  if (found.length > 0) throw new Error([...new Set(found)].join('\n'));
}

afterEach(report);
afterAll(report);
