import { describe, expect, it } from 'vitest';
import { formatFacts, formatJson, formatTable } from './output.js';

const SAID = 'a\u001b[2Jb\u009bc\u202ed\r\ne';

describe('foreign text in the output of a command', () => {
  it('has its control characters spelt out', () => {
    expect(formatFacts([['said', SAID]])).toBe(String.raw`said  a\x1b[2Jb\x9bc\u202ed e`);
    expect(formatTable([SAID], { said: (text) => text })).toBe(String.raw`SAID
a\x1b[2Jb\x9bc\u202ed e`);
  });

  it('is the same in JSON, in characters that a terminal shows', () => {
    const json = formatJson({ said: SAID });
    expect(json).not.toMatch(/\u202e|[^\P{Cc}\n]/u);
    expect(JSON.parse(json)).toEqual({ said: SAID });
  });
});
