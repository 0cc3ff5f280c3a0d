import type { AssetAmount } from "../ark/asset-types";
import { assert } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import type { Vtxo } from "./vtxo";

/** An ark tx that is final, as the mirror sees it. */
export interface FinalArkTx {
  readonly txid: string;
  readonly inputs: readonly Vtxo[];
  readonly outputs: readonly FinalOutput[];
}

export interface FinalOutput {
  readonly vout: number;
  readonly script: string;
  readonly amountSats: bigint;
  /** As the packet of the transaction assigns them; none when left out. */
  readonly assets?: readonly AssetAmount[];
}

/** Inputs spent, outputs created: a planned output is no VTXO before this. */
export async function bookFinalTx(vtxos: VtxoStore, tx: Tx, final: FinalArkTx, now: Date): Promise<void> {
  const ids = final.inputs.map((input) => input.vtxoId);
  await vtxos.markSpent(tx, ids, final.txid, now);
  const scripts = await vtxos.listScriptsByScript(final.outputs.map((output) => output.script));
  const rows = final.outputs.map((output) => {
    const script = scripts.find((each) => each.script === output.script);
    assert(script !== undefined, "every planned output has a script row");
    return { script, vtxo: toArkVtxo(final, output, now) };
  });
  await vtxos.upsert(tx, rows, "final");
}

/** Outputs expire with the earliest of the inputs. */
export function expiryOf(inputs: readonly Vtxo[]): Date | null {
  const expiries = inputs.flatMap((input) => (input.expiresAt === null ? [] : [input.expiresAt.getTime()]));
  return expiries.length === 0 ? null : new Date(Math.min(...expiries));
}

function toArkVtxo(final: FinalArkTx, output: FinalOutput, now: Date): ArkVtxo {
  return {
    vtxoId: `${final.txid}:${output.vout}`,
    txid: final.txid,
    vout: output.vout,
    script: output.script,
    amountSats: output.amountSats,
    createdAt: now,
    expiresAt: expiryOf(final.inputs),
    isPreconfirmed: true,
    isSwept: false,
    isUnrolled: false,
    isSpent: false,
    spentBy: "",
    settledBy: "",
    arkTxid: "",
    commitmentTxids: [...new Set(final.inputs.flatMap((input) => input.commitmentTxids))],
    assets: output.assets ?? [],
  };
}
