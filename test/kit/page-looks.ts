/** The public pages and the looks in which tests look at them. */
import type { Page } from 'playwright-core';
import { toChecksum } from '../../core/chain/checksums.js';
import { accessibilityFaults } from './page-browser.js';
import { addressOf } from './test-pool.js';

export const PAGES = {
  front: '/',
  payee: `/payees/${toChecksum(addressOf(1))}`,
  season: '/?days=90',
  quarter: `/payees/${toChecksum(addressOf(1))}?days=90`,
  pool: '/pool',
  terms: '/terms',
  wrong: '/payees?address=no',
};

interface Look {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

export const LOOKS = {
  wide: { width: 1280, colorScheme: 'light' },
  narrow: { width: 320, colorScheme: 'dark' },
  phone: { width: 360, colorScheme: 'light' },
} as const;

/** Whatever is wrong with an open page in this look: what axe finds, and sideways scrolling with all details open. */
export async function faultsOf(
  page: Page,
  { width, colorScheme }: Look,
): Promise<readonly string[]> {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme });
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
  const root = 'document.documentElement';
  const overhang = Number(await page.evaluate(`${root}.scrollWidth - ${root}.clientWidth`));
  const wide = overhang === 0 ? [] : [`${overhang} px too wide`];
  return [...wide, ...(await accessibilityFaults(page))];
}
