import { CSVMultisigTapscript, DefaultVtxo, type RelativeTimelock, VtxoScript } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { assert } from "../errors";
import { isValidXOnly } from "../schnorr";
import { BoundedMemo } from "./bounded-memo";
import { arkAddressPrefix, type BitcoinNetwork } from "./network";
import type { ArkParams, VtxoScriptInfo } from "./types";

/** BIP68 counts below this in blocks, from it on in seconds of 512 each. */
const FIRST_DELAY_IN_SECONDS = 512;

/**
 * The default VTXO script of an owner: collaborative leaf (owner + arkd's signer) and exit leaf (owner after the delay).
 * Every (signer, exit delay) pair gives another script, so rows keep the parameters of each script ever handed out.
 */
export function vtxoScriptFor(
  ownerPubkey: string,
  params: Pick<ArkParams, "signerPubkey" | "exitDelay">,
  network: BitcoinNetwork,
): VtxoScriptInfo {
  const script = defaultVtxoScript(ownerPubkey, params);
  return {
    ownerPubkey,
    script: hex.encode(script.pkScript),
    tapTree: hex.encode(script.encode()),
    address: script.address(arkAddressPrefix(network), hex.decode(params.signerPubkey)).encode(),
  };
}

const SCRIPTS_MAX = 2_000;
const vtxoScripts = new BoundedMemo<DefaultVtxo.Script>(SCRIPTS_MAX);
const checkpointScripts = new BoundedMemo<VtxoScript>(SCRIPTS_MAX);

/** The same as an object of the SDK, for building and proving. */
export function defaultVtxoScript(
  ownerPubkey: string,
  params: Pick<ArkParams, "signerPubkey" | "exitDelay">,
): DefaultVtxo.Script {
  return vtxoScripts.getOrCompute(`${ownerPubkey}:${params.signerPubkey}:${params.exitDelay}`, () =>
    deriveScript(ownerPubkey, params),
  );
}

/** The script of a checkpoint over a VTXO: arkd alone after its own delay, or the VTXO's collaborative leaf. */
export function checkpointScript(vtxoScript: DefaultVtxo.Script, checkpointTapscript: string): VtxoScript {
  const { forfeitScript } = vtxoScript;
  return checkpointScripts.getOrCompute(`${checkpointTapscript}:${forfeitScript}`, () => {
    const unroll = CSVMultisigTapscript.decode(hex.decode(checkpointTapscript));
    return new VtxoScript([unroll.script, hex.decode(forfeitScript)]);
  });
}

function deriveScript(ownerPubkey: string, params: Pick<ArkParams, "signerPubkey" | "exitDelay">): DefaultVtxo.Script {
  // The SDK takes any 32 bytes; an x that is not on the curve would make a VTXO nobody can ever spend.
  assert(isValidXOnly(ownerPubkey), "the owner of a VTXO is a key on the curve");
  assert(isValidXOnly(params.signerPubkey), "arkd's signer is a key on the curve");
  return new DefaultVtxo.Script({
    pubKey: hex.decode(ownerPubkey),
    serverPubKey: hex.decode(params.signerPubkey),
    csvTimelock: toTimelock(params.exitDelay),
  });
}

function toTimelock(exitDelay: number): RelativeTimelock {
  assert(Number.isSafeInteger(exitDelay) && exitDelay > 0, "an exit delay is a positive integer");
  if (exitDelay < FIRST_DELAY_IN_SECONDS) return { type: "blocks", value: BigInt(exitDelay) };
  // arkd rounds its own settings down; anything else here would derive another script than arkd's.
  assert(exitDelay % FIRST_DELAY_IN_SECONDS === 0, "an exit delay in seconds is a multiple of 512");
  return { type: "seconds", value: BigInt(exitDelay) };
}
