/** What the catalogue says of an error: whether trying again can help, its HTTP status, and what to do. */
export interface CatalogueEntry {
  readonly final: boolean;
  readonly http: number;
  readonly help: string;
}
