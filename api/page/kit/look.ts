/** The style of a pool's own accent, on top of the style sheet of all pools. */
import { createHash } from 'node:crypto';
import type { Config } from '../../../config/config.js';
import { GROUNDS } from '../../../config/sections/look.js';

/**
 * Returns the style of the pool's accent; null when it has none. The configuration lets only colours through that can be read
 * on each ground, so what stands on the accent itself is the ground's colour. Whoever forces colours keeps them.
 */
export function lookStyle({ pool }: Pick<Config, 'pool'>): string | null {
  const accent = pool.look?.accent ?? null;
  if (accent === null) return null;
  const { light, dark } = accent;
  const names = (colour: string, on: string) =>
    `:root { --link: ${colour}; --brand: ${colour}; --on-brand: ${on}; }`;
  return `@media (forced-colors: none) { ${names(light, GROUNDS.light.card)}
@media (prefers-color-scheme: dark) { ${names(dark, GROUNDS.dark.page)} } }`;
}

/** Returns the hash by which the content policy allows the style of the accent; null when there is none. */
export function lookHash(config: Pick<Config, 'pool'>): string | null {
  const style = lookStyle(config);
  return style === null ? null : createHash('sha256').update(style).digest('base64');
}
