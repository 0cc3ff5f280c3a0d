import { CSVMultisigTapscript } from "@arkade-os/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { hex } from "@scure/base";

import { buildArkTx } from "../ark/build-ark-tx";
import { insertSignatures } from "../ark/insert-signatures";
import { signItems } from "../ark/sign-items";
import { arkItems, checkpointItems } from "../ark/signing-items";
import type { ArkInput, ArkOutput, ArkParams, BuiltArkTx } from "../ark/types";
import { vtxoScriptFor } from "../ark/vtxo-script";
import { toXOnlyPubkey } from "../schnorr";

export interface TestKey {
  readonly secretKey: Uint8Array;
  readonly pubkey: string;
}

/** A key anybody can make again from its name. */
export function testKey(name: string): TestKey {
  const secretKey = sha256(utf8ToBytes(`arkrelay test key ${name}`));
  return { secretKey, pubkey: toXOnlyPubkey(secretKey) };
}

/** arkd's keys in tests. */
export const ARKD_SIGNER = testKey("arkd signer");
export const ARKD_FORFEIT = testKey("arkd forfeit");

/** All zero bytes: BIP340 signatures become reproducible. Tests only. */
export const NO_RANDOM = { bytes: (length: number): Uint8Array => new Uint8Array(length) };

export const TEST_ARK_PARAMS: ArkParams = {
  signerPubkey: ARKD_SIGNER.pubkey,
  checkpointTapscript: hex.encode(
    CSVMultisigTapscript.encode({
      timelock: { type: "seconds", value: 86_528n },
      pubkeys: [hex.decode(ARKD_FORFEIT.pubkey)],
    }).script,
  ),
  exitDelay: 86_528,
};

/** A VTXO of `owner` with the default script; `name` makes its txid. */
export function aVtxo(owner: TestKey, amountSats: bigint, name: string): ArkInput {
  const txid = hex.encode(sha256(utf8ToBytes(`arkrelay test vtxo ${name}`)));
  const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
  return { vtxoId: `${txid}:0`, txid, vout: 0, amountSats, ownerPubkey: owner.pubkey, signerPubkey, exitDelay };
}

export function anOutput(owner: TestKey, amountSats: bigint): ArkOutput {
  return { script: vtxoScriptFor(owner.pubkey, TEST_ARK_PARAMS, "regtest").script, amountSats };
}

export const ALICE = testKey("alice");
export const BOB = testKey("bob");
export const GATEWAY = testKey("gateway");

/** Alice pays Bob 50 000 sats from two VTXOs; the gateway's co-input comes back 10 sats larger. */
export function aTransfer(): BuiltArkTx {
  return buildArkTx(
    TEST_ARK_PARAMS,
    [aVtxo(ALICE, 30_000n, "alice 1"), aVtxo(ALICE, 30_010n, "alice 2"), aVtxo(GATEWAY, 1_000n, "gateway 1")],
    [anOutput(BOB, 50_000n), anOutput(ALICE, 10_000n), anOutput(GATEWAY, 1_010n)],
  );
}

/** The ark tx with every signature these keys owe. */
export function signArkTx(arkPsbt: string, keys: readonly TestKey[]): string {
  return keys.reduce((psbt, key) => {
    const signatures = signItems(arkItems(psbt, key.pubkey), key.secretKey, NO_RANDOM);
    return insertSignatures([psbt], key.pubkey, signatures)[0] ?? psbt;
  }, arkPsbt);
}

/** The checkpoints with every signature these keys owe. */
export function signCheckpoints(psbts: readonly string[], keys: readonly TestKey[]): readonly string[] {
  return keys.reduce<readonly string[]>((signed, key) => {
    const signatures = signItems(checkpointItems(signed, key.pubkey), key.secretKey, NO_RANDOM);
    return insertSignatures(signed, key.pubkey, signatures);
  }, psbts);
}
