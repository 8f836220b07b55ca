import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOverlap } from './source-place.js';

/** Both ways round. */
function overlap(a: string, b: string): boolean {
  const answer = placesOverlap(a, b);
  expect(placesOverlap(b, a)).toBe(answer);
  return answer;
}

describe('places of sources', () => {
  it('overlap when one folder of a bucket lies inside the other', () => {
    expect(overlap('s3://h/b/', 's3://h/b/us/')).toBe(true);
    expect(overlap('s3://h/b/us/', 's3://h/b/us/ai/')).toBe(true);
    expect(overlap('s3://h/b/us/', 's3://h/b/us-west/')).toBe(false);
    expect(overlap('s3://h/b/', 's3://h/bb/')).toBe(false);
    expect(overlap('s3://h/b/', 's3://g/b/')).toBe(false);
  });

  it('overlap when a name in the directory could fit both patterns', () => {
    expect(overlap('file:/d/*.json', 'file:/d/2024-*')).toBe(true);
    expect(overlap('file:/d/*', 'file:/d/a.json')).toBe(true);
    expect(overlap('file:/d/a*.json', 'file:/d/b*.json')).toBe(false);
    expect(overlap('file:/d/*.json', 'file:/d/*.json.gz')).toBe(false);
    expect(overlap('file:/d/*.json', 'file:/e/*.json')).toBe(false);
    expect(overlap('file:/d/a.json', 'file:/d/b.json')).toBe(false);
  });

  it('finds the overlap of any two patterns that were made from one name', () => {
    const pattern = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
    const holed = (name: string, keeps: boolean[]): string =>
      `file:/${[...name].map((letter, i) => (keeps[i] === true ? letter : '*')).join('')}`;
    fc.assert(
      fc.property(fc.stringMatching(/^[ab]{0,8}$/), pattern, pattern, (name, p, q) => {
        expect(overlap(holed(name, p), holed(name, q))).toBe(true);
      }),
    );
  });

  it('says of other places only whether they are the same', () => {
    expect(overlap('https://a/', 'https://a/b')).toBe(false);
    expect(overlap('https://a/', 'https://a/')).toBe(true);
    expect(overlap('s3://h/b/', 'file:/d/*')).toBe(false);
  });
});
