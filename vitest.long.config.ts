import { defineConfig } from 'vitest/config';

/** What takes longer than a change is worth waiting for: `npm run test:long`. */
export default defineConfig({
  test: {
    include: ['**/*.long.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '.openpool/**'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/kit/check-answers.ts', 'test/kit/property-seed.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
