import { defineConfig } from 'vitest/config';

/** Tests of what decides and touches nothing: they need no Postgres, no Temporal and no chain, and take seconds. */
export default defineConfig({
  test: {
    setupFiles: ['test/kit/property-seed.ts'],
    include: ['core/base/**/*.test.ts', 'core/*/rules/**/*.test.ts'],
  },
});
