import { AppError } from "../errors";
import type { AssetStatus } from "./registered-asset";

/** The machine of an asset as a table: what is not listed is refused. Drawn in `docs/states/asset.md`, and a test keeps both equal. */
export const ASSET_TRANSITIONS: Readonly<Record<AssetStatus, readonly AssetStatus[]>> = {
  registered: ["issuing"],
  issuing: ["active"],
  active: ["frozen", "inactive"],
  frozen: ["active"],
  inactive: [],
};

/**
 * What moves an asset. Several lead to one status, and each starts from one status only: an operator who ends a freeze must not end an
 * issuance.
 */
export const ASSET_EVENTS = {
  /** The first mint plans the issuance. */
  issue: { from: "registered", to: "issuing" },
  /** The issuance is final at arkd. */
  issued: { from: "issuing", to: "active" },
  /** arkd shows more units than were issued. */
  freeze: { from: "active", to: "frozen" },
  /** An operator ends a freeze. */
  activate: { from: "frozen", to: "active" },
  /** An operator ends the asset. */
  deactivate: { from: "active", to: "inactive" },
} as const satisfies Record<string, { readonly from: AssetStatus; readonly to: AssetStatus }>;

export type AssetEvent = keyof typeof ASSET_EVENTS;

/** The status after an event; an asset that is there already stays. Throws `wrong_state` with what would have been allowed. */
export function nextAssetStatus(status: AssetStatus, event: AssetEvent): AssetStatus {
  const { from, to } = ASSET_EVENTS[event];
  if (status === from || status === to) return to;
  throw new AppError("wrong_state", { details: { status, allowed: ASSET_TRANSITIONS[status] } });
}

/** An asset that may be minted: it has its units, or gets them by its first mint. */
export function isActiveAsset({ status }: { readonly status: AssetStatus }): boolean {
  return status === "registered" || status === "issuing" || status === "active";
}
