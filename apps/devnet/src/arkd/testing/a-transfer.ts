import {
  CSVMultisigTapscript,
  DefaultVtxo,
  Intent,
  type TapLeafScript,
  type Transaction,
  type VtxoScript,
  VtxoTaprootTree,
  buildOffchainTx,
} from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { utf8 } from "../engine/bytes";
import { addSignature, leafScriptOf, leavesOf, parsePsbt, sighashOf, toPsbt } from "../engine/psbt";

/** What a wallet knows of the server: from GetInfo. */
export interface ServerParams {
  /** 33 bytes as 66 hex. */
  readonly signerPubkey: string;
  readonly checkpointTapscript: string;
  readonly exitDelay: number;
}

export interface Wallet {
  readonly secret: Uint8Array;
  readonly pubkey: string;
}

export function aWallet(label: string): Wallet {
  const secret = sha256(utf8(`wallet/${label}`));
  return { secret, pubkey: hex.encode(schnorr.getPublicKey(secret)) };
}

export function scriptOf(wallet: Wallet, server: ServerParams): DefaultVtxo.Script {
  return new DefaultVtxo.Script({
    pubKey: hex.decode(wallet.pubkey),
    serverPubKey: hex.decode(server.signerPubkey).subarray(1),
    csvTimelock: { type: "seconds", value: BigInt(server.exitDelay) },
  });
}

export interface Coin {
  readonly vtxoId: string;
  readonly amountSats: number;
  readonly owner: Wallet;
  /** Differs from the owner's default script in tests about scripts. */
  readonly script?: VtxoScript;
  readonly leaf?: TapLeafScript;
}

export interface Payment {
  readonly script: Uint8Array;
  readonly amountSats: bigint;
}

/** The unsigned transactions of a transfer, built by the SDK as any wallet would. */
export function buildTransfer(
  server: ServerParams,
  coins: readonly Coin[],
  payments: readonly Payment[],
): { arkTx: Transaction; checkpoints: Transaction[] } {
  const inputs = coins.map((coin) => {
    const script = scriptOf(coin.owner, server);
    const [txid = "", vout = "0"] = coin.vtxoId.split(":");
    return {
      txid,
      vout: Number(vout),
      value: coin.amountSats,
      tapTree: (coin.script ?? script).encode(),
      tapLeafScript: coin.leaf ?? script.forfeit(),
    };
  });
  const outputs = payments.map(({ script, amountSats }) => ({ script, amount: amountSats }));
  return buildOffchainTx(inputs, outputs, CSVMultisigTapscript.decode(hex.decode(server.checkpointTapscript)));
}

/** Signs one input with the wallet's key, for the leaf the PSBT names. */
export function signInput(tx: Transaction, index: number, wallet: Wallet): void {
  const [leaf] = leavesOf(tx, index);
  if (leaf === undefined) throw new Error("no leaf to sign for");
  const leafScript = leafScriptOf(leaf);
  addSignature(tx, index, leafScript, wallet.pubkey, schnorr.sign(sighashOf(tx, index, leafScript), wallet.secret));
}

/** The request of step one: ark tx signed by the owners, checkpoints unsigned. */
export function aSubmission(
  server: ServerParams,
  coins: readonly Coin[],
  payments: readonly Payment[],
): { signedArkTx: string; checkpointTxs: string[] } {
  const { arkTx, checkpoints } = buildTransfer(server, coins, payments);
  coins.forEach((coin, index) => signInput(arkTx, index, coin.owner));
  return { signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) };
}

/** Step two: adds the owners' signatures to the checkpoints the server returned, whatever their order. */
export function signCheckpoints(coins: readonly Coin[], signedCheckpointTxs: readonly string[]): string[] {
  return signedCheckpointTxs.map((text) => {
    const tx = parsePsbt(text);
    const { txid, index } = tx.getInput(0);
    const coin = coins.find(({ vtxoId }) => vtxoId === `${hex.encode(txid ?? new Uint8Array())}:${index ?? 0}`);
    if (coin === undefined) throw new Error("a checkpoint of a foreign coin");
    signInput(tx, 0, coin.owner);
    return toPsbt(tx);
  });
}

/** The SDK's get-pending-tx proof over these coins, signed by their first owner. */
export async function aPendingTxProof(
  server: ServerParams,
  coins: readonly Coin[],
  signer: { sign(tx: Transaction): Promise<Transaction> },
  expireAt = 0,
): Promise<{ proof: string; message: string }> {
  const message = Intent.encodeMessage({ type: "get-pending-tx", expire_at: expireAt });
  const inputs = coins.map((coin) => {
    const script = scriptOf(coin.owner, server);
    const [txid = "", vout = "0"] = coin.vtxoId.split(":");
    return {
      txid: hex.decode(txid),
      index: Number(vout),
      witnessUtxo: { amount: BigInt(coin.amountSats), script: script.pkScript },
      tapLeafScript: [script.forfeit()],
      unknown: [VtxoTaprootTree.encode(script.encode())],
    };
  });
  return { proof: toPsbt(await signer.sign(Intent.create(message, inputs, []))), message };
}
