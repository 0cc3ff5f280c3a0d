import type { SealContext } from "@arkrelay/runtime/sealing";

/** Where a secret of an endpoint lives; the column belongs to it, so a rotated secret is sealed anew. */
export function sealContextOf(column: "secret" | "previous_secret", endpointId: string): SealContext {
  return { table: "webhook_endpoints", column, row: endpointId };
}
