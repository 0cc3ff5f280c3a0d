import { readNamesOf } from "@arkrelay/core/asset/asset-names";
import { AppError } from "@arkrelay/core/errors";
import { invalidField } from "@arkrelay/core/http/request-error";
import { SplitVtxoBody, SplitVtxoReply } from "@arkrelay/core/http/vtxos";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import type { PlannedOutput } from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { openSession } from "@arkrelay/core/session/open-session";
import { prepareOrQueue } from "@arkrelay/core/session/request-challenge";
import { movingIntentOf, type Session } from "@arkrelay/core/session/session";
import { GBTC, unitsOn } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { findPlanned } from "../transactions/p2p-transfer";

export const splitVtxoRoute = writeRoute({
  method: "POST",
  path: "/vtxos/split",
  summary:
    "Open, prepare and start a split of one VTXO into several of the same owner; nothing moves until it is signed",
  auth: ["owner", "solver"],
  scope: "vtxos",
  body: SplitVtxoBody,
  integersOnly: true,
  opensSession: true,
  replies: { 202: SplitVtxoReply },
}).handle(
  async ({ deps, tx, caller, body }) => {
    const { session, replayed, mirrorIsFresh, syncJobId, wakes } = await openSession(deps.session, tx, {
      caller,
      userPubkey: body.user_pubkey,
      sessionType: "vtxo_split",
      intentData: {
        params: {
          vtxo_id: body.vtxo_id,
          split_amounts: body.split_amounts,
          asset_id: body.asset_id === undefined ? await readAssetOf(deps, tx, body) : toAssetId(body.asset_id),
          ...(body.fee_asset_id !== undefined && { fee_asset_id: toAssetId(body.fee_asset_id) }),
          ...(body.fee_amount !== undefined && { fee_amount: body.fee_amount }),
        },
      },
      delivery: "both",
      autoStart: true,
    });
    const headers = { location: `/sessions/${session.sessionId}` };
    // A stale mirror leaves the steps to the worker, which reads the VTXOs first.
    if (replayed || !mirrorIsFresh)
      return { status: 202, body: toReply(session, undefined, syncJobId), headers, wakes };
    const prepared = await prepareOrQueue(deps.session, tx, session, caller);
    const plan = await deps.session.sessionTxs.find(tx, session.id);
    const planned = plan && { txid: plan.txs.ark.txid, outputs: plan.outputs };
    const reply = toReply(prepared.session, planned, prepared.syncJobId);
    return { status: 202, body: reply, headers, wakes: [...wakes, ...prepared.wakes] };
  },
  {
    byDefaultSeconds: 2,
    look: async ({ deps }, given) => {
      const reply = SplitVtxoReply.parse(given);
      // Planned already: there is nothing to wait for.
      if (reply.txid !== null) return { status: 202, body: reply };
      const found = await findPlanned(deps, reply.session_id);
      return found && { status: 202, body: toReply(found.session, found, reply.job_id) };
    },
  },
);

/** What the user's VTXO carries. Nobody else's is looked at: splitting it is refused, and what is on it is not told. */
async function readAssetOf(
  deps: ApiDeps,
  tx: Tx,
  { user_pubkey: userPubkey, vtxo_id: vtxoId }: { readonly user_pubkey: string; readonly vtxo_id: string },
): Promise<string> {
  const [row] = await deps.session.vtxos.listByIds(tx, [vtxoId]);
  const [held, ...more] = row?.ownerPubkey === userPubkey ? row.assets : [];
  if (more.length > 0) throw invalidField("asset_id", "is needed: the VTXO carries several assets");
  if (held === undefined) return GBTC;
  const name = (await readNamesOf(deps.session.assets, tx, [{ assets: [held] }])).get(held.assetId);
  if (name === undefined) throw new AppError("asset_unknown", { details: { asset_id: held.assetId } });
  return name;
}

interface PlannedSplit {
  readonly txid: string;
  readonly outputs: readonly PlannedOutput[];
}

function toReply(session: Session, planned: PlannedSplit | undefined, syncJobId: string | undefined) {
  const intent = movingIntentOf(session);
  const { feeAssetId, feeAmount } = intent;
  const shown = ({ vout, amountSats, assets = [] }: PlannedOutput) => {
    const units = intent.arkAssetId === undefined ? 0n : unitsOn({ assets }, intent.arkAssetId);
    const carried = units > 0n ? { assetId: intent.assetId, amount: units } : { assetId: GBTC, amount: amountSats };
    return {
      vtxo_id: `${planned?.txid ?? ""}:${String(vout)}`,
      amount: toJsonAmount(carried.amount),
      asset_id: carried.assetId,
    };
  };
  const ofRole = (role: PlannedOutput["role"]) => (planned?.outputs ?? []).filter((output) => output.role === role);
  const [change] = ofRole("change");
  return {
    message: planned === undefined ? "The VTXOs are being read; the challenge opens by itself" : "Split prepared",
    session_id: session.sessionId,
    ...(syncJobId !== undefined && { job_id: syncJobId }),
    txid: planned?.txid ?? null,
    outputs: ofRole("recipient").map(shown),
    ...(change !== undefined && { change: shown(change) }),
    fee: { asset_id: feeAssetId, amount: Number(feeAmount) },
  };
}
