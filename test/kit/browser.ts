import { existsSync } from 'node:fs';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'].map(
  (name) => `/usr/bin/${name}`,
);

/** A browser on this machine; undefined when there is none, and tests of pages are skipped. */
export const browserPath =
  process.env['CHROMIUM_PATH'] ?? BROWSERS.find((path) => existsSync(path));

/** If set, the tests of pages save screenshots in this folder, for people to look at. */
export const screenshotDir = process.env['SCREENSHOT_DIR'];
