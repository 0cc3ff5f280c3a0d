import { RecheckReply } from "@arkrelay/core/http/admin-lightning";
import { PaymentHashParams } from "@arkrelay/core/http/lightning";
import { recheckUnknown } from "@arkrelay/core/lightning/resume-land";

import { writeRoute } from "../../../http/route";

export const recheckUnknownRoute = writeRoute({
  method: "POST",
  path: "/admin/lightning/unknown/:payment_hash/recheck",
  summary: "Ask lnd again about a payment without a known outcome; sends nothing",
  auth: ["admin"],
  params: PaymentHashParams,
  replies: { 202: RecheckReply },
}).handle(async ({ deps, tx, params }) => {
  const { operation, wakes } = await recheckUnknown(deps.session, tx, params.payment_hash);
  return {
    status: 202,
    body: {
      message: "lnd is being asked again",
      operation_id: operation.operationId,
      payment_hash: operation.paymentHash,
      status: operation.status,
    },
    headers: { location: `/admin/lightning/unknown/${operation.paymentHash}` },
    wakes,
  };
});
