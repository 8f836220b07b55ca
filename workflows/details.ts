import { setCurrentDetails } from '@temporalio/workflow';

/** Shows in Temporal's UI how a workflow stands: a sentence, and a list below it. */
export function show(head: string, lines: readonly string[] = []): void {
  setCurrentDetails([head, ...lines.map((line) => `- ${line}`)].join('\n'));
}

export const findingLine = (found: { readonly code: string; readonly message: string }): string =>
  `**${found.code}** ${found.message}`;
