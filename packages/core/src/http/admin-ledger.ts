import { z } from "zod";

import { timestamp } from "./fields";

/** As posted: gBTC in msat, other assets in units; debit positive. */
const posted = z.int().meta({ description: "gBTC in msat, other assets in units.", example: 250_000 });
const assetId = z.string().min(1).max(128);

export const LedgerQuery = z.object({ asset_id: assetId.optional() });

export const LedgerAccountsReply = z
  .object({ accounts: z.array(z.object({ account: z.string(), asset_id: z.string(), balance: posted })) })
  .meta({ id: "LedgerAccounts" });

export const LedgerDriftReply = z
  .object({
    drift: z.array(
      z.object({
        source: z.enum(["arkd", "lnd", "tapd"]),
        account: z.string(),
        asset_id: z.string(),
        external: posted.meta({ description: "What the daemon has." }),
        ledger: posted,
        delta: posted.meta({ description: "external - ledger" }),
        drift: posted.meta({
          description: "The part that counts: unexplained, and standing in two comparisons without a posting between.",
        }),
        explained: z.array(z.object({ kind: z.string(), ref: z.string(), amount: posted })),
        checked_at: timestamp,
      }),
    ),
  })
  .meta({ id: "LedgerDrift" });
