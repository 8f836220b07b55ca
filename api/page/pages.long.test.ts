/** Every page in every theme and width, with its script and without. */
import { describe, expect, it } from 'vitest';
import { useBrowsedPool } from '../../test/kit/browsed-pool.js';
import { browserPath } from '../../test/kit/browser.js';
import { fillPool } from '../../test/kit/filled-pool.js';
import { shoot } from '../../test/kit/page-browser.js';
import { faultsOf, PAGES } from '../../test/kit/page-looks.js';

describe.skipIf(browserPath === undefined)('every page in every look', () => {
  const world = useBrowsedPool(fillPool);

  it.each(Object.entries(PAGES))('has no fault: %s', async (name, path) => {
    for (const script of [true, false]) {
      const page = await world.browser.open(`${world.api.url}${path}`, { isBare: !script });
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [320, 360, 1280]) {
          const look = [script, colorScheme, width];
          expect([look, await faultsOf(page, { width, colorScheme })]).toEqual([look, []]);
          if (script) await shoot(page, `${name}-${colorScheme}-${width}`);
        }
      }
      await page.context().close();
    }
  });
});
