import type { Freshness } from "@arkrelay/core/ports/vtxo-store";

import type { SqlParam } from "../sql-handle";

/** Condition on `vtxos v`. A VTXO of the gateway's has an expiry once arkd has shown it; without one it is not counted on. */
export const IS_FRESH = `v.expires_at >= ?
  AND (? IS NULL OR TIMESTAMPDIFF(SECOND, ?, v.expires_at) * 100 >= TIMESTAMPDIFF(SECOND, v.created_at, v.expires_at) * ?)`;

/** The values of its question marks. */
export function freshnessValues({ minExpiresAt, lifeLeft }: Freshness): readonly SqlParam[] {
  return [minExpiresAt, lifeLeft?.at ?? null, lifeLeft?.at ?? null, lifeLeft?.percent ?? 0];
}
