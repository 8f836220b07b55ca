import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOverlap } from './source-place.js';

/** Checks that the answer is the same for both orders of the places. */
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

  it.each([
    ['http://orch.example.com:7935/pool/events', 'http://orch.example.com.:7935/pool/events'],
    ['http://127.0.0.1:7935/pool/events', 'http://localhost:7935/pool/events'],
    ['http://127.0.0.1:7935/pool/events', 'http://[::1]:7935/pool/events'],
    ['http://127.0.0.1:7935/pool/events', 'http://[::ffff:7f00:1]:7935/pool/events'],
    ['http://10.1.2.3:7935/pool/events', 'http://[::ffff:a01:203]:7935/pool/events'],
    ['http://127.0.0.1:7935/pool/events', 'http://127.0.0.1:7935//pool//events'],
    ['http://127.0.0.1:7935/pool/events', 'http://127.0.0.1:7935/pool/events/pool/events'],
    ['http://h/pool/events', 'http://h:80/pool/events'],
    ['https://h/pool/events', 'https://h:443/pool/events'],
    ['http://h:7935/pool/events', 'https://h:7935/pool/events'],
    ['http://h/a-b/pool/events', 'http://h/a%2Db/pool/events'],
    ['s3://localhost:9000/b/', 's3://127.0.0.1:9000/b/us/'],
  ])('overlap when they are spellings of one address: %s and %s', (a, b) => {
    expect(overlap(a, b)).toBe(true);
  });

  it.each([
    ['http://h:7935/pool/events', 'http://h:7936/pool/events'],
    ['http://h/pool/events', 'https://h/pool/events'],
    ['http://h/one/pool/events', 'http://h/two/pool/events'],
    ['http://h/a%2Fb/pool/events', 'http://h/a/b/pool/events'],
    ['http://127.0.0.1:1/pool/events', 'http://127.0.0.2:1/pool/events'],
    ['http://[fe80::1]:1/pool/events', 'http://[fe80::2]:1/pool/events'],
  ])('are two when they are two addresses: %s and %s', (a, b) => {
    expect(overlap(a, b)).toBe(false);
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
