/** Folder with `temporal-server` and `temporal-sql-tool`, or undefined where `npm run setup:cluster` did not build them. */
export function findTemporalCluster(): string | undefined;
