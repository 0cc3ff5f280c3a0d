import { AppError } from "@arkrelay/core/errors";
import { AssignBody, AssignReply } from "@arkrelay/core/http/inventory";
import { assignStock } from "@arkrelay/core/inventory/assign-stock";
import { readGatewayPubkeys } from "@arkrelay/core/payout/gateway-pubkeys";
import type { TwinReading } from "@arkrelay/core/ports/asset-supplies";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import { writeRoute, type Env } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { jobOrigin } from "../jobs/enqueue";

/** Workers look every five minutes. */
const READING_MS_MAX = 15 * 60_000;

export const assignVtxoRoute = writeRoute({
  method: "POST",
  path: "/vtxos/assign",
  summary: "Give a user some of the gateway's stock, as far as the key's daily allowance of the asset goes",
  auth: ["solver"],
  scope: "vtxos:assign",
  body: AssignBody,
  integersOnly: true,
  replies: { 200: AssignReply, 202: AssignReply },
})
  .prepare(async ({ deps, caller, body }) => {
    const assetId = toAssetId(body.asset_id);
    const info = await deps.session.arkInfo.current();
    const [allowance, wallet, reading] = await Promise.all([
      findAllowance(deps, caller, assetId),
      readGatewayPubkeys(deps.session.vtxos, info),
      findBacking(deps, assetId),
    ]);
    return { assetId, info, allowance, wallet, reading };
  })
  .handle(
    async (input) => {
      const { deps, tx, body, prepared } = input;
      const { info, wallet, ...given } = prepared;
      const wanted = {
        ...given,
        userPubkey: body.user_pubkey,
        amount: BigInt(body.amount_needed),
        origin: jobOrigin(input),
      };
      const planned = await assignStock({ ...deps.assign, wallet }, tx, info, wanted);
      const { jobId, vtxoId, amountSats, changeAmount, wakes } = planned;
      return {
        status: 202,
        body: {
          message: "The VTXO is on its way",
          job_id: jobId,
          vtxo_id: vtxoId,
          vtxos: [{ vtxo_id: vtxoId, amount: body.amount_needed }],
          change_amount: Number(changeAmount),
          user_pubkey: body.user_pubkey,
          asset_id: prepared.assetId,
          amount_sats: Number(amountSats),
        },
        headers: { location: `/jobs/${jobId}` },
        wakes,
      };
    },
    {
      look: async ({ deps }, given) => {
        const answer = AssignReply.parse(given);
        const payout = await deps.payouts.find("assign", answer.job_id);
        if (payout?.status !== "final" || payout.txid === undefined) return undefined;
        // Another attempt than the first may have won.
        const vtxoId = `${payout.txid}:0`;
        const vtxos = answer.vtxos.map((each) => ({ ...each, vtxo_id: vtxoId }));
        return { status: 200, body: { ...answer, message: "The VTXO is the user's", vtxo_id: vtxoId, vtxos } };
      },
    },
  );

/** undefined = the operator. What no allowance was given for may not be given away at all. */
async function findAllowance(deps: ApiDeps, caller: Env["caller"], assetId: string) {
  if (caller.isAdmin) return undefined;
  const { principal, pubkey } = caller;
  const key = principal.startsWith("key:")
    ? await deps.admin.apiKeys.find(principal.slice("key:".length))
    : pubkey === undefined
      ? undefined
      : await deps.admin.apiKeys.findByPubkey(pubkey);
  if (key === undefined) throw new AppError("scope_missing", { details: { scope: "vtxos:assign" } });
  const limits: Readonly<Record<string, number | undefined>> = key.assignLimits;
  const unitsPerDay = limits[assetId] ?? (assetId === GBTC ? limits["BTC"] : undefined) ?? 0;
  return { keyId: key.keyId, unitsPerDay: BigInt(unitsPerDay) };
}

/** What tapd holds behind a twin, or held at the last look, as long as that is not old; undefined = it is none, or nobody knows. */
async function findBacking(deps: ApiDeps, assetId: string): Promise<TwinReading | undefined> {
  if (assetId === GBTC) return undefined;
  const asset = await deps.admin.assets.find(undefined, assetId);
  if (asset?.backing !== "taproot") return undefined;
  const reading = await deps.daemons.findTwin(asset);
  if (reading !== undefined) return reading;
  const { tapd } = await deps.admin.supplies.find(assetId);
  return tapd !== undefined && deps.clock.now().getTime() - tapd.readAt.getTime() <= READING_MS_MAX ? tapd : undefined;
}
