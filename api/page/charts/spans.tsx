/** The spans of days that a chart shows, and the tabs that choose one. */
import type { Html } from '../kit/parts.js';

/** The spans that can be chosen, in days. */
export const SPANS = [7, 30, 90] as const;
export type Span = (typeof SPANS)[number];

/** The span that a query asks for; anything else shows thirty days. */
export const spanOf = (asked: string | undefined): Span =>
  SPANS.find((span) => String(span) === asked) ?? 30;

interface TabsProps {
  /** The path of the page. */
  readonly path: string;
  readonly chosen: Span;
}

export const SpanTabs = ({ path, chosen }: TabsProps): Html => (
  <nav class="tabs" aria-label="How many days">
    {SPANS.map((span) => (
      <a href={`${path}?days=${span}`} aria-current={span === chosen ? 'true' : undefined}>
        {span} days
      </a>
    ))}
  </nav>
);
