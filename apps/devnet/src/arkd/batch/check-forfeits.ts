import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "../engine/arkd-error";
import { equalBytes } from "../engine/bytes";
import { isValidSignature, leafScriptOf, leavesOf, outpointOf, parsePsbt, signaturesOf } from "../engine/psbt";
import type { Vtxo } from "../engine/vtxo";
import type { BuiltBatch } from "./build-batch";
import type { BatchVtxo } from "./registered-intent";

export interface Forfeit {
  readonly vtxoId: string;
  readonly txid: string;
  /** Of the connector it spends. */
  readonly connector: string;
}

/**
 * A forfeit tx gives the server a VTXO, but only together with a connector, which exists on-chain only once the commitment tx
 * does. Throws INVALID_FORFEIT_TXS.
 */
export function checkForfeits(
  batch: Pick<BuiltBatch, "connectors">,
  live: readonly BatchVtxo[],
  signerPubkey: string,
  forfeitScript: Uint8Array,
  psbts: readonly string[],
): readonly Forfeit[] {
  const forfeits = psbts.map((psbt) => checkForfeit(batch, live, signerPubkey, forfeitScript, parse(psbt)));
  const connectors = new Set(forfeits.map(({ connector }) => connector));
  if (connectors.size !== forfeits.length) refuse("a connector is spent twice");
  return forfeits;
}

function checkForfeit(
  { connectors }: Pick<BuiltBatch, "connectors">,
  live: readonly BatchVtxo[],
  signerPubkey: string,
  forfeitScript: Uint8Array,
  tx: Transaction,
): Forfeit {
  if (tx.inputsLength !== 2) refuse(`expected 2 inputs, got ${tx.inputsLength}`);
  const spent = [outpointOf(tx, 0), outpointOf(tx, 1)];
  const connector =
    connectors.find(({ txid }) => spent.includes(`${txid}:0`)) ?? refuse("no connector among the inputs");
  const index = spent.findIndex((outpoint) => outpoint !== `${connector.txid}:0`);
  const forfeited =
    live.find(({ vtxo: { vtxoId } }) => vtxoId === spent[index]) ?? refuse("it forfeits no VTXO of the batch");
  const { vtxo } = forfeited;
  const input = tx.getInput(index).witnessUtxo;
  if (input?.amount !== vtxo.amountSats || hex.encode(input.script) !== vtxo.script) refuse("a wrong witness utxo");
  const paid = tx.getOutput(0);
  const isPaid = hex.encode(paid.script ?? new Uint8Array()) === hex.encode(forfeitScript);
  if (!isPaid || paid.amount !== vtxo.amountSats + connector.amount) refuse("it does not pay the forfeit address");
  checkOwners(tx, index, forfeited, signerPubkey);
  return { vtxoId: vtxo.vtxoId, txid: tx.id, connector: connector.txid };
}

function checkOwners(tx: Transaction, index: number, { vtxo, script }: BatchVtxo, signerPubkey: string): void {
  const [leaf] = leavesOf(tx, index);
  const leafScript = leaf === undefined ? refuse("missing leaf") : leafScriptOf(leaf);
  const closure = script.leaves.find((each) => equalBytes(each.script, leafScript))?.closure;
  if (closure === undefined || closure.kind === "exit" || !closure.pubkeys.includes(signerPubkey)) {
    refuse("not signed for a collaborative leaf");
  }
  for (const pubkey of closure?.pubkeys.filter((key) => key !== signerPubkey) ?? []) {
    const signed = signaturesOf(tx, index, leafScript).find((candidate) => candidate.pubkey === pubkey);
    if (signed === undefined || !isValidSignature(tx, index, leafScript, signed))
      refuse(`not signed by ${pubkey}`, vtxo);
  }
}

function parse(psbt: string): Transaction {
  try {
    return parsePsbt(psbt);
  } catch {
    return refuse("failed to parse psbt");
  }
}

function refuse(why: string, vtxo?: Vtxo): never {
  throw new ArkdError("INVALID_FORFEIT_TXS", why, vtxo && { vtxo_outpoint: vtxo.vtxoId });
}
