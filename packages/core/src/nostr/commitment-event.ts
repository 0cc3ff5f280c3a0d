import { z } from "zod";

import type { NostrEventTemplate } from "../ports/nostr";
import { SETTLEMENT_CLAIM } from "../settlement/settlement";
import { hex32, isoTime } from "./field-schemas";
import { COMMITMENT_KIND } from "./kinds";

/** Content of a 31342: public. The gateway claims that these outputs were final; the chain proves the commitment tx alone. */
export const commitmentContentSchema = z.strictObject({
  status: z.literal("committed"),
  /** Commitment tx of the arkd batch that the treasury took part in. */
  l1_txid: hex32,
  block_height: z.int().min(1),
  batch_id: z.string(),
  merkle_root: hex32,
  vtxo_count: z.int().min(1),
  /** Sats on all of them. */
  total_value: z.int().min(1),
  claim: z.literal(SETTLEMENT_CLAIM),
  timestamp: isoTime,
});

export type CommitmentContent = z.infer<typeof commitmentContentSchema>;

/** 31342: tags d = l1_txid, l1_tx, block_height, batch_id. */
export function commitmentTemplate(content: CommitmentContent, createdAt: number): NostrEventTemplate {
  return {
    kind: COMMITMENT_KIND,
    created_at: createdAt,
    tags: [
      ["d", content.l1_txid],
      ["l1_tx", content.l1_txid],
      ["block_height", String(content.block_height)],
      ["batch_id", content.batch_id],
    ],
    content: JSON.stringify(content),
  };
}
