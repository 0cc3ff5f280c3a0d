import { z } from "zod";

import { hex32, isoTime } from "./field-schemas";

/** Where a session stands, as `monitor_status` shows it. Never a signature. */
export interface SessionProgress {
  readonly session_id: string;
  readonly session_status: string;
  readonly ceremony_state: string;
  /** 1 to 6, the step that is due. */
  readonly current_step: number;
  readonly total_steps: number;
  /** 0 to 100. */
  readonly progress_percent: number;
  /** ISO-8601 UTC with milliseconds. */
  readonly started_at: string;
  /** Of the ark tx, once arkd may have it. */
  readonly txid?: string;
  /** Integer class of the error table. */
  readonly error_code?: number;
  /** What follows is shown when details were asked for. */
  readonly current_step_name?: string;
  readonly stage?: "ark_tx" | "checkpoint_txs" | null;
  readonly completed_steps?: readonly string[];
  readonly open_challenge_id?: string;
}

export const sessionProgressFields = {
  session_id: z.string(),
  session_status: z.string(),
  ceremony_state: z.string(),
  current_step: z.int().min(1).max(6),
  total_steps: z.literal(6),
  progress_percent: z.int().min(0).max(100),
  started_at: isoTime,
  txid: hex32.optional(),
  error_code: z.int().min(1000).max(5999).optional(),
  current_step_name: z.string().optional(),
  stage: z.enum(["ark_tx", "checkpoint_txs"]).nullable().optional(),
  completed_steps: z.array(z.string()).optional(),
  open_challenge_id: z.string().optional(),
};
