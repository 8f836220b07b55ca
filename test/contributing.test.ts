/** CONTRIBUTING.md and the way of a fee in docs/architecture.md name files and places in them: they must be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS =
  'core|api|cli|client|activities|worker|workflows|start|config|dev|test|bench|pools|docs';
const PATH = new RegExp(`^(?:(?:${FOLDERS})/[\\w./-]+|[A-Z]+\\.md)$`);

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Paths between backticks. */
function pathsIn(text: string): readonly string[] {
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, words = '']) => words);
  // A command names paths, too.
  return [...new Set(quoted.flatMap((words) => words.split(' ')))].filter((word) =>
    PATH.test(word),
  );
}

interface Anchor {
  readonly path: string;
  readonly at: string;
}

/** Every "`path`, at `words`". */
function anchorsIn(text: string): readonly Anchor[] {
  const found = text.matchAll(/`([^`\n]+)`,\s+at\s+`([^`]+)`/g);
  return [...found].map(([, path = '', at = '']) => ({ path, at }));
}

function sectionOf(page: string, title: string): string {
  const [, text = ''] = read(page).split(`\n${title}\n`);
  const level = title.slice(0, title.indexOf(' '));
  return text.split(new RegExp(`\\n#{1,${level.length}} `))[0] ?? '';
}

const RECIPES = ['A new event type', 'A new error', 'A new API field', 'A new source'];

describe('CONTRIBUTING.md', () => {
  const page = read('CONTRIBUTING.md');

  it.each(pathsIn(page))('names %s, which is there', (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it.each(anchorsIn(page))('finds $at in $path', ({ path, at }) => {
    expect(read(path)).toContain(at);
  });

  it.each(RECIPES)('walks through "%s" over several files, one a test', (title) => {
    const recipe = sectionOf('CONTRIBUTING.md', `### ${title}`);
    expect(anchorsIn(recipe).length).toBeGreaterThan(1);
    expect(pathsIn(recipe).filter((path) => path.endsWith('.test.ts'))).not.toEqual([]);
  });

  it('names no script that package.json does not have', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it.each(['## The way of a fee', '## The way of a payee'])('has files in %s', (title) => {
    const paths = pathsIn(sectionOf('docs/architecture.md', title));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

const TRIAL_ROOMS = [
  'bench',
  'dev',
  'dev/kit',
  'test',
  'test/chaos',
  'test/faults',
  'test/harness',
  'test/kit',
  'test/simulation',
];
const ROOMS = [
  'activities',
  'api',
  'cli',
  'client',
  'config',
  'core',
  'start',
  'worker',
  'workflows',
];

describe('every room', () => {
  it.each([...ROOMS, ...TRIAL_ROOMS])('%s says in a few lines what it is', (room) => {
    const lines = read(`${room}/README.md`).trim().split('\n');
    expect(lines[0]).toMatch(/^# /);
    expect(lines.length).toBeLessThanOrEqual(30);
  });

  it.each(TRIAL_ROOMS)('%s names in its README no file that is gone', (room) => {
    const named = [...read(`${room}/README.md`).matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)];
    const files = readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' });
    const isThere = (name: string) => files.some((path) => `/${path}`.endsWith(`/${name}`));
    expect(named.map(([, name = '']) => name).filter((name) => !isThere(name))).toEqual([]);
  });
});
