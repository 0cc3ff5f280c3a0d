import { AppError } from "@arkrelay/core/errors";
import { LandBody, LandReply } from "@arkrelay/core/http/lightning";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { openSession } from "@arkrelay/core/session/open-session";
import { prepareOrQueue } from "@arkrelay/core/session/request-challenge";
import type { Session } from "@arkrelay/core/session/session";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { withinWriteBudget } from "../../within-write-budget";
import { toAssetId } from "../asset-alias";
import { findPlanned } from "../transactions/p2p-transfer";
import { assertLightningServes, assertMayStartFor } from "./lightning-access";
import { readLightningAmount } from "./lightning-amount";

export const landRoute = writeRoute({
  method: "POST",
  path: "/lightning/land",
  summary: "Pay a Lightning invoice from VTXOs; nothing moves until the user signs",
  auth: ["owner", "solver"],
  scope: "lightning",
  body: LandBody,
  integersOnly: true,
  opensSession: true,
  replies: { 202: LandReply },
})
  .prepare(async ({ deps, caller, body }) => {
    assertMayStartFor(caller, body.user_pubkey);
    const assetId = toAssetId(body.asset_id);
    const amount = readLightningAmount(assetId, body);
    await assertLightningServes(deps, assetId);
    // What tapd says later is there for the next call.
    await withinWriteBudget(deps.session.invoiceQuotes.ask(assetId, body.lightning_invoice));
    return { assetId, amount };
  })
  .handle(
    async ({ deps, tx, caller, body, prepared: { assetId, amount } }) => {
      const { session, replayed, mirrorIsFresh, syncJobId, wakes } = await openSession(deps.session, tx, {
        caller,
        userPubkey: body.user_pubkey,
        sessionType: "lightning_land",
        intentData: {
          params: { asset_id: assetId, amount: Number(amount), lightning_invoice: body.lightning_invoice },
        },
        delivery: "both",
        autoStart: true,
      });
      const operation = await getOperation(deps, tx, session);
      const headers = { location: `/sessions/${session.sessionId}` };
      // A stale mirror leaves the steps to the worker, which reads the VTXOs first.
      if (replayed || !mirrorIsFresh) return { status: 202, body: toReply(operation, null, syncJobId), headers, wakes };
      const begun = await prepareOrQueue(deps.session, tx, session, caller);
      const plan = await deps.session.sessionTxs.find(tx, session.id);
      const body202 = toReply(operation, plan?.txs.ark.txid ?? null, begun.syncJobId);
      return { status: 202, body: body202, headers, wakes: [...wakes, ...begun.wakes] };
    },
    {
      byDefaultSeconds: 2,
      look: async ({ deps }, given) => {
        const reply = LandReply.parse(given);
        const { operation_id: operationId, job_id: jobId, details } = reply;
        // Planned already: there is nothing to wait for.
        if (details.txid !== null) return { status: 202, body: reply };
        const operation = await deps.session.operations.find(operationId);
        const found = operation && (await findPlanned(deps, operation.sessionId));
        return found && { status: 202, body: toReply(operation, found.txid, jobId) };
      },
    },
  );

async function getOperation(deps: ApiDeps, tx: Tx, session: Session): Promise<LightningOperation> {
  const operation = await deps.session.operations.findBySession(tx, session.sessionId);
  if (operation === undefined) throw new AppError("internal_error", { internal: "a land's session without its row" });
  return operation;
}

function toReply(operation: LightningOperation, txid: string | null, syncJobId: string | undefined) {
  const { assetId, amount, fee, quotedUnits } = operation;
  const [amountUnits, feeUnits, total] = [amount, fee, amount + fee].map(Number) as [number, number, number];
  return {
    success: true as const,
    operation_id: operation.operationId,
    session_id: operation.sessionId,
    payment_hash: operation.paymentHash,
    ...(syncJobId !== undefined && { job_id: syncJobId }),
    bolt11_invoice: operation.bolt11 ?? "",
    details: {
      user_pubkey: operation.userPubkey,
      asset_id: assetId,
      ...(assetId === GBTC && { amount_sats: amountUnits, fee_sats: feeUnits, total_sats: total }),
      amount: amountUnits,
      fee: feeUnits,
      total,
      ...(quotedUnits !== undefined && { quoted_units: Number(quotedUnits) }),
      expires_at: operation.expiresAt.toISOString(),
      txid,
    },
  };
}
