/** Of a source that is made of files. */
export interface FileFigures {
  /** Not whole for longer than it takes to write one. */
  readonly incomplete: number;
  /** Read to their end, and other files within the last week. */
  readonly overwritten: number;
}
