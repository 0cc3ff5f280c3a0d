import { nameOf, readNamesOf } from "@arkrelay/core/asset/asset-names";
import { dustOf } from "@arkrelay/core/ceremony/ark-limits";
import { AppError } from "@arkrelay/core/errors";
import { RenewBody, RenewReply } from "@arkrelay/core/http/vtxos";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { renewedParts } from "@arkrelay/core/renewal/renewed-parts";
import { openSession } from "@arkrelay/core/session/open-session";
import { prepareOrQueue } from "@arkrelay/core/session/request-challenge";
import type { Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { findPlanned } from "../transactions/p2p-transfer";

export const renewVtxosRoute = writeRoute({
  method: "POST",
  path: "/vtxos/renew",
  summary: "Renew a user's VTXOs without a fee; nothing moves until the user signs",
  auth: ["owner", "solver"],
  scope: "vtxos",
  body: RenewBody,
  opensSession: true,
  replies: { 202: RenewReply },
}).handle(
  async ({ deps, tx, caller, body }) => {
    const { session, replayed, mirrorIsFresh, syncJobId, wakes } = await openSession(deps.session, tx, {
      caller,
      userPubkey: body.user_pubkey,
      sessionType: "p2p_transfer",
      intentData: { type: "vtxo:renew", params: { vtxo_ids: body.vtxo_ids } },
      delivery: "both",
      autoStart: true,
    });
    const headers = { location: `/sessions/${session.sessionId}` };
    const outputs = await outputsOf(deps, tx, session);
    // A stale mirror leaves the steps to the worker, which reads the VTXOs first.
    if (replayed || !mirrorIsFresh)
      return { status: 202, body: toReply(session, outputs, { syncJobId }), headers, wakes };
    const prepared = await prepareOrQueue(deps.session, tx, session, caller);
    const plan = await deps.session.sessionTxs.find(tx, session.id);
    const details = { syncJobId: prepared.syncJobId, txid: plan?.txs.ark.txid };
    const body202 = toReply(prepared.session, outputs, details);
    return { status: 202, body: body202, headers, wakes: [...wakes, ...prepared.wakes] };
  },
  {
    byDefaultSeconds: 2,
    look: async ({ deps }, given) => {
      const reply = RenewReply.parse(given);
      // Planned already: there is nothing to wait for.
      if (reply.txid !== undefined) return { status: 202, body: reply };
      const found = await findPlanned(deps, reply.session_id);
      return found && { status: 202, body: { ...reply, message: PREPARED, txid: found.txid } };
    },
  },
);

const PREPARED = "Renewal prepared";

type Outputs = RenewReply["outputs"];

/** What comes back for the VTXOs that the mirror knows. */
async function outputsOf({ session: deps }: ApiDeps, tx: Tx, { intent }: Session): Promise<Outputs> {
  const ids = intent.type === "vtxo_renew" ? intent.sourceVtxos : [];
  const rows = await deps.vtxos.listByIds(tx, ids);
  const vtxos = ids.flatMap((id) => rows.filter(({ vtxoId }) => vtxoId === id));
  const parts = vtxos.length === 0 ? [] : renewedParts(vtxos, dustOf(await deps.arkInfo.current()));
  const names = await readNamesOf(deps.assets, tx, parts);
  return parts.map(({ amountSats, assets }) => ({
    amount_sats: Number(amountSats),
    assets: assets.map(({ assetId, amount }) => ({ asset_id: nameOf(names, assetId), amount: Number(amount) })),
  }));
}

function toReply(
  { sessionId, intent }: Session,
  outputs: Outputs,
  { syncJobId, txid }: { readonly syncJobId: string | undefined; readonly txid?: string | undefined },
): RenewReply {
  if (intent.type !== "vtxo_renew") throw new AppError("internal_error", { internal: `${sessionId} renews nothing` });
  return {
    message: txid === undefined ? "The VTXOs are being read; the challenge opens by itself" : PREPARED,
    session_id: sessionId,
    way: intent.way,
    ...(syncJobId !== undefined && { job_id: syncJobId }),
    ...(txid !== undefined && { txid }),
    outputs,
  };
}
