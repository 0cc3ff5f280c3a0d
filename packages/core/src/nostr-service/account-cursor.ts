import { AppError } from "../errors";

/** Where a page of an account ends: behind a balance or behind a VTXO, which come after all balances. */
export type AccountCursor =
  | { readonly after: "nothing" }
  | { readonly after: "balance"; readonly assetId: string }
  | { readonly after: "vtxo"; readonly id: bigint };

export function formatCursor(cursor: Exclude<AccountCursor, { readonly after: "nothing" }>): string {
  return cursor.after === "balance" ? `b.${cursor.assetId}` : `v.${cursor.id}`;
}

/** undefined = from the start. Throws `invalid_request` for what no page of ours ended with. */
export function parseCursor(text: string | undefined): AccountCursor {
  if (text === undefined) return { after: "nothing" };
  const vtxo = /^v\.(\d{1,18})$/.exec(text);
  if (vtxo?.[1] !== undefined) return { after: "vtxo", id: BigInt(vtxo[1]) };
  const balance = /^b\.([A-Za-z0-9._-]{1,68})$/.exec(text);
  if (balance?.[1] !== undefined) return { after: "balance", assetId: balance[1] };
  throw new AppError("invalid_request", {
    errors: [{ path: "cursor", code: "bad_cursor", message: "Not a next_cursor of this gateway" }],
  });
}
