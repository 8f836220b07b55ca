/** Opens pages of an API in a real browser. */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Route,
} from 'playwright-core';
import { browserPath, screenshotDir } from './browser.js';

export interface Look {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** Whether scripts run. @default true */
  readonly script?: boolean;
  /** Whether the page comes without its script: for axe, which needs a browser that runs scripts. @default false */
  readonly isBare?: boolean;
  readonly context?: BrowserContextOptions;
}

export class PageBrowser {
  private constructor(private readonly browser: Browser) {}

  static async launch(): Promise<PageBrowser> {
    const args = ['--no-sandbox'];
    return new PageBrowser(await chromium.launch({ executablePath: browserPath ?? '', args }));
  }

  /** Opens a URL in a context of its own; `close` ends both. */
  async open(
    url: string,
    { width = 1280, colorScheme = 'light', script = true, isBare = false, context }: Look = {},
  ) {
    const opened = await this.browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: script,
      ...context,
    });
    const page = await opened.newPage();
    if (isBare) await page.route(url, withoutScript);
    await page.goto(url);
    return page;
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** Answers with the page without its script, as a browser shows it that runs none. */
async function withoutScript(route: Route): Promise<void> {
  const response = await route.fetch({ maxRedirects: 0 });
  const body = (await response.text()).replace(/<script>[\s\S]*<\/script>/, '');
  await route.fulfill({ response, body });
}

/** Saves a picture of the whole page, for people to look at, if SCREENSHOT_DIR says where. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (screenshotDir === undefined) return;
  await page.screenshot({ path: join(screenshotDir, `${name}.png`), fullPage: true });
}

/** Texts with too little contrast to what they stand on, as axe finds them. */
export async function contrastFaults(page: Page): Promise<readonly string[]> {
  return faultsFound(axeOf(page).withRules(['color-contrast']));
}

/** What axe finds against WCAG 2.2, level A and AA: the rule, and where. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  const levels = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  return faultsFound(axeOf(page).withTags(levels));
}

/** Axe without what nobody reads: what is right with each element, and what frames would need, of which our pages have none. */
const axeOf = (page: Page) =>
  new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();

async function faultsFound(axe: AxeBuilder): Promise<readonly string[]> {
  const { violations } = await axe.analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 4)
        .map(({ html }) => html)
        .join(' ')}`,
  );
}
