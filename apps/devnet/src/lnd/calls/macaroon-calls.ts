import type { CheckMacPermRequest, CheckMacPermResponse } from "@arkrelay/daemons/proto/lnrpc/lightning";

import { type MacaroonBakery, MacaroonRefusedError } from "../../macaroon/macaroon-bakery";
import { LndError } from "../engine/lnd-error";
import { permissionsOf } from "../transport/lnd-permissions";

/** Says yes, or refuses with INVALID_ARGUMENT and the reason: it never answers `valid: false`. */
export function checkMacaroonPermissions(bakery: MacaroonBakery, request: CheckMacPermRequest): CheckMacPermResponse {
  const permissions = request.checkDefaultPermsFromFullMethod
    ? (permissionsOf(request.fullMethod) ?? [])
    : request.permissions;
  try {
    bakery.authoriseBytes(request.macaroon, permissions, request.fullMethod);
  } catch (error) {
    if (!(error instanceof MacaroonRefusedError)) throw error;
    throw new LndError(error.message, "INVALID_ARGUMENT");
  }
  return { valid: true };
}
