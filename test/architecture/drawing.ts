/** The house as Mermaid, drawn from the imports that are really there. `npm run drawing` writes it into the page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isProduct, ROOT, readImports, sourceFiles } from './imports.js';
import { ROOMS, type Room, roomOf } from './rooms.js';

const PAGE = join(ROOT, 'docs/architecture.md');
const BEGIN = '<!-- drawing: made by `npm run drawing` -->';
const END = '<!-- end of the drawing -->';
/** Everything imports these: their arrows would hide the others. */
const GROUND = ['core/base', 'core/db', 'core/processes'];

export function draw(): string {
  const files = sourceFiles().filter((path) => isProduct(path) && roomOf(path) !== undefined);
  const arrows = new Map<string, number>();
  for (const { from, to } of readImports(files)) {
    const [a, b] = [roomOf(from), roomOf(to)];
    if (a === undefined || b === undefined || a === b || GROUND.includes(b.path)) continue;
    const key = `  ${idOf(a)} --> ${idOf(b)}`;
    arrows.set(key, (arrows.get(key) ?? 0) + 1);
  }
  const drawn = ROOMS.filter(({ path }) => !GROUND.includes(path));
  return [
    '```mermaid',
    'flowchart TB',
    ...drawn.map((room) => `  ${idOf(room)}["<b>${room.path}</b><br>${room.is}"]`),
    ...[...arrows.keys()].sort(),
    '```',
  ].join('\n');
}

const idOf = ({ path }: Room): string => path.replace(/[^a-z]/g, '_');

export function drawingOfPage(): string {
  const page = readFileSync(PAGE, 'utf8');
  return page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${draw()}\n\n${END}${after}`);
}
