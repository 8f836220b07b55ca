/** What one run of deliveries to a target did. */
export interface DeliveryReport {
  readonly delivered: number;
  /** How many tries failed and are repeated. */
  readonly failed: number;
  readonly refused: number;
  /** Why the last of those failed; null when none did. */
  readonly lastError: string | null;
}
