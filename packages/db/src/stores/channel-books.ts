import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import type { ChannelBooks } from "@arkrelay/core/ports/channel-books";

import type { Database } from "../connection";
import { readBigint, readInteger, readText, type Row } from "../row";
import { placeholders } from "./job-work-tables";

/** Ids per statement. */
const IDS_MAX = 500;

/** channel_commitments, and the ledger's entries about channels as their auditors read them. */
export class DrizzleChannelBooks implements ChannelBooks {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce" | "writeOnce">) {}

  async noteLent(channels: readonly { readonly channelPoint: string; readonly lentSats: bigint }[]): Promise<void> {
    for (let start = 0; start < channels.length; start += IDS_MAX) {
      const some = channels.slice(start, start + IDS_MAX);
      await this.database.writeOnce(
        `INSERT INTO channel_commitments (channel_point, lent_sats, seen_at) VALUES ${some.map(() => "(?, ?, NOW(3))").join(", ")}
         ON DUPLICATE KEY UPDATE lent_sats = VALUES(lent_sats), seen_at = NOW(3)`,
        some.flatMap(({ channelPoint, lentSats }) => [channelPoint, lentSats]),
      );
    }
  }

  async findLent(channelPoints: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    const rows = await this.selectSome(
      channelPoints,
      (ids) => `SELECT channel_point, lent_sats FROM channel_commitments WHERE channel_point IN (${placeholders(ids)})`,
    );
    return new Map(rows.map((row) => [readText(row, "channel_point"), readBigint(row, "lent_sats")]));
  }

  async filterBooked(kind: string, businessIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.selectSome(
      businessIds,
      (ids) => `SELECT business_id FROM ledger_transactions WHERE kind = ? AND business_id IN (${placeholders(ids)})`,
      kind,
    );
    return new Set(rows.map((row) => readText(row, "business_id")));
  }

  async countCloses(): Promise<number> {
    const [row] = await this.database.select(
      `SELECT COUNT(*) AS n FROM ledger_transactions t WHERE t.kind = ?
         AND EXISTS (SELECT 1 FROM ledger_postings p WHERE p.transaction_id = t.id)`,
      [POSTING_KINDS.channelClosed],
    );
    return readInteger(row ?? {}, "n");
  }

  private async selectSome(
    ids: readonly string[],
    statementFor: (some: readonly string[]) => string,
    ...before: readonly string[]
  ): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let start = 0; start < ids.length; start += IDS_MAX) {
      const some = ids.slice(start, start + IDS_MAX);
      rows.push(...(await this.database.selectOnce(statementFor(some), [...before, ...some])));
    }
    return rows;
  }
}
