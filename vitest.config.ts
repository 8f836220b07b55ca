import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { placeOf } from './test/harness/file-order.js';

/** Starts the longest files first, and then the largest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId));
  }
}

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '.openpool/**', '**/*.long.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/kit/check-answers.ts', 'test/kit/property-seed.ts'],
    // Two cores: files in parallel make the time-outs of real servers a gamble.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A shared machine stands still for a minute now and then; a test that hangs is found all the same.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
