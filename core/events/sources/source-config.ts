/** One place that pool events come from. */
export interface SourceConfig {
  /** Permanent: it is part of every event's identity. */
  readonly id: string;
  /** Which plugin reads it: `orchestrator-http`, `s3`, `file`, `generator`; `module`: a third party's. */
  readonly kind: string;
  /** The third party's package, or path from `baseDir`. */
  readonly module: string | null;
  /** The configuration's own directory: where relative paths start. */
  readonly baseDir: string;
  /** Of kind `file`: the source whose events it holds, and under whose id they count. */
  readonly of?: string;
  /** Where the plugin's events do not say so themselves. */
  readonly region: string | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  /** Events before this time are not counted; null: from the beginning. */
  readonly from: Date | null;
  readonly syncIntervalMs: number;
  /** Checked by the plugin's own schema. */
  readonly options: unknown;
}
