import {
  ArkAddress,
  CSVMultisigTapscript,
  DefaultVtxo,
  MultisigTapscript,
  type RelativeTimelock,
  VtxoScript,
} from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { BoundedMemo } from "./bounded-memo.js";

/** What the wallet pinned when it first met this gateway; nothing a challenge says may change it. */
export interface WalletPins {
  /** arkd's signer key, x-only 64 hex. */
  readonly signer: string;
  /** Hex of the script arkd lays under every checkpoint. */
  readonly checkpointTapscript: string;
  /** arkd's raw `unilateral_exit_delay`: below 512 blocks, from 512 on seconds. */
  readonly exitDelay: number;
  /** Nostr key of the gateway, 64 hex. */
  readonly gatewayPubkey: string;
  /** Hex of the output script that lands are paid to. Without it no land can be checked, so none is signed. */
  readonly landScript?: string;
  /** The gateway's fee for lands, in hundredths of a percent; 10 when absent. */
  readonly landFeeBps?: number;
  /**
   * arkd's id (68 hex) of every asset the user deals in, by the name that intents call it. A payment in any other asset cannot be
   * checked, so none is signed.
   */
  readonly assets?: Readonly<Record<string, string>>;
}

type ScriptPins = Pick<WalletPins, "signer" | "exitDelay">;

/** BIP68 knows seconds in steps of 512 only, and arkd rounds down. */
export function exitTimelock(exitDelay: number): RelativeTimelock {
  if (exitDelay < 512) return { type: "blocks", value: BigInt(exitDelay) };
  return { type: "seconds", value: BigInt(exitDelay - (exitDelay % 512)) };
}

/** The default VTXO script of a key: collaborative leaf (owner + signer) and exit leaf (owner after the delay). */
export function defaultVtxoScript(ownerPubkey: string, pins: ScriptPins): DefaultVtxo.Script {
  return new DefaultVtxo.Script({
    pubKey: hex.decode(ownerPubkey),
    serverPubKey: hex.decode(pins.signer),
    csvTimelock: exitTimelock(pins.exitDelay),
  });
}

/** Deriving a script costs milliseconds of curve arithmetic, and one payment needs the same few scripts again and again. */
const SCRIPTS_MAX = 1_000;
const vtxoScripts = new BoundedMemo<string>(SCRIPTS_MAX);
const checkpointScripts = new BoundedMemo<string>(SCRIPTS_MAX);

/** Output script (hex, 5120…) that pays a key. */
export function vtxoScriptHex(ownerPubkey: string, pins: ScriptPins): string {
  return vtxoScripts.getOrCompute(`${ownerPubkey}:${pins.signer}:${pins.exitDelay}`, () =>
    hex.encode(defaultVtxoScript(ownerPubkey, pins).pkScript),
  );
}

/** The leaf (hex) by which owner and signer spend together, of a VTXO and of a checkpoint over it alike. */
export function collaborativeLeafHex(ownerPubkey: string, pins: Pick<WalletPins, "signer">): string {
  return hex.encode(MultisigTapscript.encode({ pubkeys: [hex.decode(ownerPubkey), hex.decode(pins.signer)] }).script);
}

/**
 * Output script (hex, 5120…) of a checkpoint over a VTXO of this key: arkd's unroll leaf and the collaborative leaf. Throws
 * when the pinned checkpoint script is no CSV multisig.
 */
export function checkpointScriptHex(
  ownerPubkey: string,
  pins: Pick<WalletPins, "signer" | "checkpointTapscript">,
): string {
  return checkpointScripts.getOrCompute(`${ownerPubkey}:${pins.signer}:${pins.checkpointTapscript}`, () => {
    const leaf = hex.decode(collaborativeLeafHex(ownerPubkey, pins));
    return hex.encode(new VtxoScript([checkpointClosure(pins).script, leaf]).pkScript);
  });
}

/** bech32m Ark address of a key; hrp `ark` on mainnet, `tark` everywhere else. */
export function arkAddress(ownerPubkey: string, pins: ScriptPins, hrp: "ark" | "tark"): string {
  const script = defaultVtxoScript(ownerPubkey, pins);
  return new ArkAddress(hex.decode(pins.signer), script.tweakedPublicKey, hrp).encode();
}

/** The pinned checkpoint script, decoded. Throws when it is no CSV multisig. */
export function checkpointClosure(pins: Pick<WalletPins, "checkpointTapscript">): CSVMultisigTapscript.Type {
  return CSVMultisigTapscript.decode(hex.decode(pins.checkpointTapscript));
}
