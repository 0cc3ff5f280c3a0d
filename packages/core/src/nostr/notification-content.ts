import { z } from "zod";

import { hex32, isoTime, vtxoId } from "./field-schemas";

/** What a 31502 tells, and its place in the sequence of its subject: a repeat takes the place of the first, nothing else does. */
export const NOTIFICATION_SEQUENCE = {
  payment_received: 1,
  vtxo_creation: 2,
  vtxo_ready: 3,
  lift_completed: 4,
  land_in_flight: 1,
  land_completed: 2,
  land_refunded: 3,
  /** Its subject is the VTXO. */
  vtxo_expiring: 1,
} as const;
/** A `status_update` is one of many of its session, numbered by the session's events. */
export type NotificationType = keyof typeof NOTIFICATION_SEQUENCE | "status_update";

const TYPES: readonly NotificationType[] = [
  ...(Object.keys(NOTIFICATION_SEQUENCE) as (keyof typeof NOTIFICATION_SEQUENCE)[]),
  "status_update",
];

/** Plain text of a 31502. Optional for wallets: nothing waits for it. */
export interface NotificationContent {
  readonly notification_id: string;
  readonly type: NotificationType;
  /** ISO-8601 UTC with milliseconds. */
  readonly timestamp: string;
  readonly gateway_pubkey: string;
  /** Of the 31500 that started it. */
  readonly request_id?: string;
  readonly session_id?: string;
  readonly step?: number;
  readonly total_steps?: number;
  /** 0 to 100. */
  readonly progress_percent?: number;
  /** Of a status_update: the session's status. */
  readonly message?: string;
  readonly vtxo_id?: string;
  /** Base units of `asset_id`. */
  readonly amount?: number;
  readonly asset_id?: string;
  readonly payment_hash?: string;
  /** Of a completed land: the proof of payment. */
  readonly preimage?: string;
  /** Integer class of the error table. */
  readonly error_code?: number;
}

export const notificationContentSchema: z.ZodType<NotificationContent> = z.strictObject({
  notification_id: z.string(),
  type: z.enum(TYPES),
  timestamp: isoTime,
  gateway_pubkey: hex32,
  request_id: z.string().exactOptional(),
  session_id: z.string().exactOptional(),
  step: z.int().min(1).exactOptional(),
  total_steps: z.int().min(1).exactOptional(),
  progress_percent: z.int().min(0).max(100).exactOptional(),
  message: z.string().exactOptional(),
  vtxo_id: vtxoId.exactOptional(),
  amount: z.int().min(0).exactOptional(),
  asset_id: z.string().exactOptional(),
  payment_hash: hex32.exactOptional(),
  preimage: hex32.exactOptional(),
  error_code: z.int().min(1000).max(5999).exactOptional(),
});
