import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import type { NodeWriteBooks, UnbookedNodeWrite } from "@arkrelay/core/ports/node-write-books";

import type { Database } from "../connection";
import { readText } from "../row";

/** external_calls that the ledger does not have. Operators' writes are few, so they are looked through from the beginning. */
export class DrizzleNodeWriteBooks implements NodeWriteBooks {
  constructor(private readonly database: Pick<Database, "select">) {}

  async listUnbooked(limit: number): Promise<readonly UnbookedNodeWrite[]> {
    const rows = await this.database.select(
      `SELECT c.kind, c.business_key, c.external_id FROM external_calls c
       WHERE c.service = 'lnd' AND c.kind IN ('channel_open','send_onchain') AND c.state = 'confirmed'
         AND NOT EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind IN (?, ?) AND t.business_id = c.business_key)
       ORDER BY c.id LIMIT ?`,
      [POSTING_KINDS.channelOpened, POSTING_KINDS.onchainSent, limit],
    );
    return rows.map((row) => ({
      kind: readText(row, "kind") as UnbookedNodeWrite["kind"],
      businessKey: readText(row, "business_key"),
      externalId: readText(row, "external_id"),
    }));
  }
}
