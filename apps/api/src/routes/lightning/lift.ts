import { actsAsOwner, countedAs } from "@arkrelay/core/caller";
import { LiftBody, LiftReply, LiftStatusName } from "@arkrelay/core/http/lightning";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { startLift } from "@arkrelay/core/lightning/start-lift";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { assertLightningServes, assertMayStartFor } from "./lightning-access";
import { readLightningAmount } from "./lightning-amount";

export const liftRoute = writeRoute({
  method: "POST",
  path: "/lightning/lift",
  summary: "An invoice whose payment brings the user a VTXO",
  auth: ["owner", "solver"],
  scope: "lightning",
  body: LiftBody,
  integersOnly: true,
  opensSession: true,
  replies: { 201: LiftReply, 202: LiftReply },
})
  .prepare(async ({ deps, caller, body }) => {
    assertMayStartFor(caller, body.user_pubkey);
    const assetId = toAssetId(body.asset_id);
    const amount = readLightningAmount(assetId, body);
    await assertLightningServes(deps, assetId);
    return { assetId, amount };
  })
  .handle(
    async ({ deps, tx, caller, body, prepared }) => {
      const { user_pubkey: userPubkey, memo = "" } = body;
      const { operation, wakes } = await startLift(deps.session, tx, {
        userPubkey,
        ...prepared,
        memo,
        expirySeconds: undefined,
        createdBy: caller.principal,
        countedAs: countedAs(caller),
        ownerProven: actsAsOwner(caller, userPubkey),
        delivery: "both",
        context: {},
      });
      const headers = { location: `/sessions/${operation.sessionId}` };
      return { status: 202, body: toReply(operation), headers, wakes };
    },
    {
      look: async ({ deps }, given) => {
        const { operation_id: operationId } = LiftReply.parse(given);
        const operation = await deps.session.operations.find(operationId);
        const isMade = operation?.bolt11 !== undefined;
        // One that could not be made is told at once, too: its status says so.
        if (operation === undefined || (!isMade && operation.status === "pending")) return undefined;
        return { status: isMade ? 201 : 202, body: toReply(operation) };
      },
    },
  );

function toReply(operation: LightningOperation) {
  const { assetId, carrierUnits } = operation;
  return {
    success: true as const,
    operation_id: operation.operationId,
    session_id: operation.sessionId,
    payment_hash: operation.paymentHash,
    bolt11_invoice: operation.bolt11 ?? null,
    details: {
      user_pubkey: operation.userPubkey,
      asset_id: assetId,
      ...(assetId === GBTC && { amount_sats: Number(operation.amount) }),
      amount: Number(operation.amount),
      ...(carrierUnits !== undefined && { carrier_units: Number(carrierUnits) }),
      status: LiftStatusName.parse(operation.status),
      expires_at: operation.expiresAt.toISOString(),
      fee_sats: 0 as const,
    },
  };
}
