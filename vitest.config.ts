import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', '.openpool/**', '**/*.long.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    // Two cores: files in parallel make the time-outs of real servers a gamble.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
