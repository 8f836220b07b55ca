/** What looks wrong with the files that a source is made of. */
import { keyOf, type Rule } from './sentinel-figures.js';

/** A file whose end has not come: its events count as far as they can be read. */
export const watchIncomplete: Rule = ({ figures: { files } }) => {
  const { incomplete } = files;
  if (incomplete === 0) return [];
  const said = incomplete === 1 ? '1 file has' : `${incomplete} files have`;
  const words = `${said} no end for longer than an hour: what is missing of it is not counted`;
  return [finding('FILES_INCOMPLETE', incomplete, words)];
};

/** Two orchestrators of one region and node type give their files the same names. */
export const watchOverwritten: Rule = ({ figures: { files } }) => {
  const { overwritten } = files;
  if (overwritten === 0) return [];
  const said = overwritten === 1 ? '1 file that was' : `${overwritten} files that were`;
  const words = `${said} read to the end became another within a week: what stood there unread is lost`;
  return [finding('FILES_OVERWRITTEN', overwritten, words)];
};

function finding(
  code: 'FILES_INCOMPLETE' | 'FILES_OVERWRITTEN',
  files: number,
  words: string,
): ReturnType<Rule>[number] {
  return { ...keyOf(code), severity: 'warning', measure: files, words, figures: { files } };
}
