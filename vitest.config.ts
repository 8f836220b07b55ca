import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/harness/file-order.js';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', '.openpool/**', '**/*.long.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    // Two cores: files in parallel make the time-outs of real servers a gamble.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A shared machine stands still for a minute now and then; a test that hangs is found all the same.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
