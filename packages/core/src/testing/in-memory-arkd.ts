import { hex } from "@scure/base";

import type { AssetAmount, AssetPacket } from "../ark/asset-types";
import { findAssetPacket } from "../ark/extension";
import { insertSignatures } from "../ark/insert-signatures";
import { parsePsbt } from "../ark/psbt";
import { signItems } from "../ark/sign-items";
import { arkItems, checkpointItems } from "../ark/signing-items";
import type { ArkOutput } from "../ark/types";
import { verifyFinalizable, verifySubmittable } from "../ark/verify-finalizable";
import { vtxoScriptFor } from "../ark/vtxo-script";
import { AppError } from "../errors";
import type {
  ArkDaemon,
  ArkIntentProof,
  ArkServerInfo,
  ArkVtxo,
  ListVtxosFilter,
  PendingArkTx,
} from "../ports/ark-daemon";
import type { Clock } from "../ports/clock";
import { ARKD_FORFEIT, ARKD_SIGNER, NO_RANDOM, TEST_ARK_PARAMS, testKey } from "./ark-transfer";
import { assetsOn, packetRefusal } from "./in-memory-assets";

/** What happens to one call: refused before it counts, carried out with its answer lost, or (a SubmitTx) carried out after its caller gave up. */
export type ArkdFault = "unavailable" | "lose_reply" | "refuse" | "late";

/** How long after it was sent a late call is carried out: within the deadline that its caller gave it. */
const LATE_MS = 25_000;

interface Transfer extends PendingArkTx {
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly script: string; readonly amountSats: bigint }[];
  readonly packet: AssetPacket;
  state: "accepted" | "final" | "poisoned";
}

const VTXO_LIFE_MS = 7 * 86_400_000;

/**
 * arkd's off-chain half in memory, for tests that crash a ceremony between any two steps: it keeps what it accepted, answers
 * a resubmission like arkd does, and finalises once. Signatures and transactions are real.
 */
export class InMemoryArkd implements ArkDaemon {
  readonly vtxos = new Map<string, ArkVtxo>();
  private readonly transfers = new Map<string, Transfer>();
  /** Asked before every call; returns the fault of this one. */
  fault: (method: "submitTx" | "finalizeTx" | "read") => ArkdFault | undefined = () => undefined;
  /** What GetInfo says on top: arkd's operator may change its settings. */
  settings: Partial<ArkServerInfo> = {};
  /** Units that arkd counts and nobody has, by arkd's id: as if more had been issued behind our back. */
  readonly forged = new Map<string, bigint>();
  private coins = 0;
  private readonly late: { readonly dueAt: number; readonly carryOut: () => void }[] = [];

  constructor(private readonly clock: Clock) {}

  /** A fresh VTXO on the default script of a key. */
  fund(
    ownerPubkey: string,
    amountSats: bigint,
    assets: readonly AssetAmount[] = [],
    lifeMs: number = VTXO_LIFE_MS,
  ): string {
    const txid = testKey(`coin ${this.coins++}`).pubkey;
    const { script } = vtxoScriptFor(ownerPubkey, TEST_ARK_PARAMS, "regtest");
    const expiresAt = new Date(this.clock.now().getTime() + lifeMs);
    this.put({ txid, vout: 0, script, amountSats, assets, expiresAt });
    return `${txid}:0`;
  }

  /** Spends a VTXO outside the gateway, as an owner with another wallet could. */
  spendElsewhere(vtxoId: string): void {
    this.markSpent(vtxoId, testKey(`elsewhere ${vtxoId}`).pubkey);
  }

  /** What arkd does at expiry: its owner may still recover the VTXO in a batch. */
  sweep(vtxoId: string): void {
    const vtxo = this.vtxos.get(vtxoId);
    if (vtxo !== undefined) this.vtxos.set(vtxoId, { ...vtxo, isSwept: true });
  }

  /** A batch is final: these VTXOs went in, and these came out of its tree. */
  settle(
    commitmentTxid: string,
    inputs: readonly string[],
    outputs: readonly { readonly vtxoId: string; readonly output: ArkOutput }[],
  ): void {
    for (const id of inputs) {
      const vtxo = this.vtxos.get(id);
      if (vtxo === undefined || vtxo.isSpent) throw refusal(6, "VTXO_ALREADY_SPENT");
      this.vtxos.set(id, { ...vtxo, isSpent: true, settledBy: commitmentTxid });
    }
    const expiresAt = new Date(this.clock.now().getTime() + VTXO_LIFE_MS);
    for (const { vtxoId, output } of outputs) {
      const { script, amountSats, assets = [] } = output;
      this.put({ txid: vtxoId.slice(0, 64), vout: 0, script, amountSats, assets, expiresAt });
      const made = this.vtxos.get(vtxoId);
      if (made !== undefined)
        this.vtxos.set(vtxoId, { ...made, isPreconfirmed: false, commitmentTxids: [commitmentTxid] });
    }
  }

  /** What a failed FinalizeTx leaves behind: spent inputs, no outputs, and every further call refused. */
  poison(arkTxid: string): void {
    const transfer = this.transfers.get(arkTxid);
    if (transfer !== undefined) transfer.state = "poisoned";
  }

  /** arkd's operator has mended what was poisoned: the outputs are there. */
  mend(arkTxid: string): void {
    const transfer = this.transfers.get(arkTxid);
    if (transfer?.state === "poisoned") this.makeFinal(transfer, arkTxid);
  }

  /** Whether a VTXO stands on the default script of a key. */
  isOwnedBy(vtxo: ArkVtxo, ownerPubkey: string): boolean {
    return vtxo.script === vtxoScriptFor(ownerPubkey, TEST_ARK_PARAMS, "regtest").script;
  }

  /** Sats that are not spent, and those of accepted transfers that are not final: what must never change. */
  totalSats(): bigint {
    let total = 0n;
    for (const vtxo of this.vtxos.values()) if (!vtxo.isSpent) total += vtxo.amountSats;
    for (const transfer of this.transfers.values()) {
      if (transfer.state !== "accepted") continue;
      for (const id of transfer.inputs) total += this.vtxos.get(id)?.amountSats ?? 0n;
    }
    return total;
  }

  /** The same for the units of an asset. */
  totalUnits(assetId: string): bigint {
    const accepted = [...this.transfers.values()].filter((each) => each.state === "accepted");
    const inFlight = accepted.flatMap((each) => each.inputs).flatMap((id) => this.vtxos.get(id) ?? []);
    const live = [...this.vtxos.values()].filter((vtxo) => !vtxo.isSpent);
    const held = [...live, ...inFlight].flatMap((vtxo) => vtxo.assets).filter((each) => each.assetId === assetId);
    return held.reduce((total, { amount }) => total + amount, 0n);
  }

  async getInfo(): Promise<ArkServerInfo> {
    this.meet("read");
    return {
      version: "test",
      signerPubkey: ARKD_SIGNER.pubkey,
      forfeitPubkey: ARKD_FORFEIT.pubkey,
      checkpointTapscript: TEST_ARK_PARAMS.checkpointTapscript,
      network: "regtest",
      unilateralExitDelay: TEST_ARK_PARAMS.exitDelay,
      dustSats: 330n,
      vtxoMinSats: -1n,
      vtxoMaxSats: undefined,
      maxTxWeight: 40_000,
      maxOpReturnOutputs: 3,
      digest: "d1",
      deprecatedSigners: [],
      ...this.settings,
    };
  }

  async submitTx(input: {
    readonly signedArkTx: string;
    readonly checkpointTxs: readonly string[];
  }): Promise<PendingArkTx> {
    const fault = this.meet("submitTx");
    if (fault === "late") return this.postpone(() => this.accept(input.signedArkTx, input.checkpointTxs));
    const transfer = this.accept(input.signedArkTx, input.checkpointTxs);
    if (fault === "lose_reply") throw new AppError("outcome_unknown", { details: { service: "arkd" } });
    return transfer;
  }

  async finalizeTx(input: { readonly arkTxid: string; readonly finalCheckpointTxs: readonly string[] }): Promise<void> {
    const fault = this.meet("finalizeTx");
    this.finalize(input.arkTxid, input.finalCheckpointTxs);
    if (fault === "lose_reply") throw new AppError("outcome_unknown", { details: { service: "arkd" } });
  }

  async getPendingTxs(intent: ArkIntentProof): Promise<readonly PendingArkTx[]> {
    this.meet("read");
    const proof = parsePsbt(intent.proof);
    const claimed = new Set<string>();
    for (let input = 1; input < proof.inputsLength; input++) {
      const { txid, index } = proof.getInput(input);
      claimed.add(`${hex.encode(txid ?? new Uint8Array())}:${index}`);
    }
    return [...this.transfers.values()].filter(
      (each) => each.state === "accepted" && each.inputs.some((id) => claimed.has(id)),
    );
  }

  async listVtxosByScripts(scripts: readonly string[], filter: ListVtxosFilter = {}): Promise<readonly ArkVtxo[]> {
    this.meet("read");
    const pending = new Set(
      [...this.transfers.values()].filter((each) => each.state === "accepted").flatMap((each) => each.inputs),
    );
    return [...this.vtxos.values()].filter((vtxo) => {
      if (!scripts.includes(vtxo.script)) return false;
      if (filter.spendableOnly === true) return !vtxo.isSpent && !vtxo.isSwept;
      if (filter.pendingOnly === true) return pending.has(vtxo.vtxoId);
      return true;
    });
  }

  async listVtxosByOutpoints(vtxoIds: readonly string[]): Promise<readonly ArkVtxo[]> {
    this.meet("read");
    return vtxoIds.flatMap((id) => this.vtxos.get(id) ?? []);
  }

  async getAssetSupply(arkAssetId: string): Promise<bigint> {
    this.meet("read");
    return this.totalUnits(arkAssetId) + (this.forged.get(arkAssetId) ?? 0n);
  }

  private postpone(carryOut: () => void): never {
    this.late.push({ dueAt: this.clock.now().getTime() + LATE_MS, carryOut });
    throw new AppError("outcome_unknown", { details: { service: "arkd" } });
  }

  /** Nobody hears what becomes of a late call. */
  private carryOutLate(): void {
    const due = this.late.filter((each) => each.dueAt <= this.clock.now().getTime());
    for (const call of due) {
      this.late.splice(this.late.indexOf(call), 1);
      try {
        call.carryOut();
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
      }
    }
  }

  private meet(method: "submitTx" | "finalizeTx" | "read"): ArkdFault | undefined {
    this.carryOutLate();
    const fault = this.fault(method);
    if (fault === "unavailable") throw new AppError("daemon_unavailable", { details: { service: "arkd" } });
    if (fault === "refuse") throw refusal(18, "INVALID_SIGNATURE");
    return fault;
  }

  private accept(signedArkTx: string, checkpointTxs: readonly string[]): Transfer {
    const ark = parsePsbt(signedArkTx);
    if (this.transfers.has(ark.id)) throw refusal(1, "INVALID_ARK_PSBT");
    verifySubmittable({ arkPsbt: signedArkTx, checkpointPsbts: checkpointTxs });
    const inputs = checkpointTxs.map((psbt) => {
      const { txid, index } = parsePsbt(psbt).getInput(0);
      return `${hex.encode(txid ?? new Uint8Array())}:${index}`;
    });
    for (const id of inputs) {
      const vtxo = this.vtxos.get(id);
      if (vtxo === undefined) throw refusal(30, "VTXO_NOT_FOUND");
      if (vtxo.isSpent) throw refusal(6, "VTXO_ALREADY_SPENT");
    }
    const packet = packetOf(signedArkTx);
    const refused = packetRefusal(
      packet,
      inputs.map((id) => this.vtxos.get(id)?.assets ?? []),
    );
    if (refused !== undefined) throw refusal(refused.code, refused.name);
    const transfer: Transfer = {
      ...this.cosign(ark.id, signedArkTx, checkpointTxs),
      inputs,
      outputs: outputsOf(signedArkTx),
      packet,
      state: "accepted",
    };
    for (const id of inputs) this.markSpent(id, ark.id);
    this.transfers.set(ark.id, transfer);
    return transfer;
  }

  private cosign(arkTxid: string, arkPsbt: string, checkpointPsbts: readonly string[]): PendingArkTx {
    const { pubkey, secretKey } = ARKD_SIGNER;
    const [finalArkTx = ""] = insertSignatures(
      [arkPsbt],
      pubkey,
      signItems(arkItems(arkPsbt, pubkey), secretKey, NO_RANDOM),
    );
    const signed = insertSignatures(
      checkpointPsbts,
      pubkey,
      signItems(checkpointItems(checkpointPsbts, pubkey), secretKey, NO_RANDOM),
    );
    return { arkTxid, finalArkTx, signedCheckpointTxs: signed.toReversed() };
  }

  private finalize(arkTxid: string, checkpointPsbts: readonly string[]): void {
    const transfer = this.transfers.get(arkTxid);
    if (transfer === undefined) throw refusal(19, "TX_NOT_FOUND");
    if (transfer.state !== "accepted") throw refusal(0, "INTERNAL_ERROR");
    try {
      verifyFinalizable({ arkPsbt: transfer.finalArkTx, checkpointPsbts });
    } catch (cause) {
      transfer.state = "poisoned";
      throw refusal(18, "INVALID_SIGNATURE", cause);
    }
    this.makeFinal(transfer, arkTxid);
  }

  private makeFinal(transfer: Transfer, arkTxid: string): void {
    transfer.state = "final";
    const expiries = transfer.inputs.map((id) => this.vtxos.get(id)?.expiresAt?.getTime() ?? Infinity);
    for (const [vout, { script, amountSats }] of transfer.outputs.entries()) {
      const assets = assetsOn(arkTxid, transfer.packet, vout);
      this.put({ txid: arkTxid, vout, script, amountSats, assets, expiresAt: new Date(Math.min(...expiries)) });
    }
  }

  private markSpent(vtxoId: string, arkTxid: string): void {
    const vtxo = this.vtxos.get(vtxoId);
    if (vtxo !== undefined) this.vtxos.set(vtxoId, { ...vtxo, isSpent: true, arkTxid, spentBy: arkTxid });
  }

  private put(
    vtxo: Pick<ArkVtxo, "txid" | "vout" | "script" | "amountSats" | "assets"> & { readonly expiresAt: Date },
  ): void {
    this.vtxos.set(`${vtxo.txid}:${vtxo.vout}`, {
      ...vtxo,
      vtxoId: `${vtxo.txid}:${vtxo.vout}`,
      createdAt: this.clock.now(),
      isPreconfirmed: true,
      isSwept: false,
      isUnrolled: false,
      isSpent: false,
      spentBy: "",
      settledBy: "",
      arkTxid: "",
      commitmentTxids: [],
    });
  }
}

function packetOf(arkPsbt: string): AssetPacket {
  const tx = parsePsbt(arkPsbt);
  const scripts = Array.from({ length: tx.outputsLength }, (_, vout) => tx.getOutput(vout).script ?? new Uint8Array());
  return findAssetPacket(scripts.map((script) => hex.encode(script))) ?? [];
}

/** Packet and anchor carry no sats and make no VTXO; both come after the outputs that do. */
function outputsOf(arkPsbt: string): Transfer["outputs"] {
  const tx = parsePsbt(arkPsbt);
  const outputs = [];
  for (let vout = 0; vout < tx.outputsLength; vout++) {
    const { script, amount } = tx.getOutput(vout);
    if (amount !== undefined && amount > 0n)
      outputs.push({ script: hex.encode(script ?? new Uint8Array()), amountSats: amount });
  }
  return outputs;
}

function refusal(code: number, name: string, cause?: unknown): AppError {
  return new AppError("daemon_rejected", { details: { service: "arkd", daemon_code: code, daemon_name: name }, cause });
}
