import {
  CLTVMultisigTapscript,
  ConditionCSVMultisigTapscript,
  ConditionMultisigTapscript,
  CSVMultisigTapscript,
  MultisigTapscript,
  type TapLeafScript,
  VtxoScript,
  decodeTapscript,
} from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { BoundedMemo } from "@arkrelay/core/ark/bounded-memo";

/** One decoded leaf. `delay` is relative (exits), `lockTime` absolute; both in seconds or blocks as `unit` says. */
export interface Closure {
  readonly kind: "multisig" | "cltv" | "condition" | "exit";
  readonly pubkeys: readonly string[];
  readonly delay?: { readonly unit: "seconds" | "blocks"; readonly value: number };
  readonly lockTime?: number;
  readonly conditionScript?: Uint8Array;
}

export interface DecodedVtxoScript {
  /** Output script, hex. */
  readonly pkScript: string;
  readonly leaves: readonly {
    readonly script: Uint8Array;
    readonly proof: TapLeafScript;
    /** Undefined when the leaf is none of arkd's five closures. */
    readonly closure: Closure | undefined;
  }[];
}

const SCRIPTS_REMEMBERED = 20_000;
const decodedTrees = new BoundedMemo<DecodedVtxoScript>(SCRIPTS_REMEMBERED);
const decodedClosures = new BoundedMemo<{ readonly closure: Closure | undefined; readonly leafHash: Uint8Array }>(
  SCRIPTS_REMEMBERED,
);

/** Decodes a PSBT `taptree` field. Throws when it is no tap tree. */
export function decodeVtxoScript(tapTree: Uint8Array): DecodedVtxoScript {
  return decodedTrees.getOrCompute(hex.encode(tapTree), () => toDecoded(VtxoScript.decode(tapTree)));
}

/** The decoded form of a script given by its leaves, in this order. */
export function decodeLeaves(leafScripts: readonly Uint8Array[]): DecodedVtxoScript {
  return decodedTrees.getOrCompute(`leaves:${leafScripts.map((script) => hex.encode(script)).join(",")}`, () =>
    toDecoded(new VtxoScript([...leafScripts])),
  );
}

/** The closure of one leaf script; undefined when it is none of arkd's. */
export function decodeClosure(leafScript: Uint8Array): Closure | undefined {
  return rememberLeaf(leafScript).closure;
}

export function leafHashOf(leafScript: Uint8Array): Uint8Array {
  return rememberLeaf(leafScript).leafHash;
}

function rememberLeaf(leafScript: Uint8Array): {
  readonly closure: Closure | undefined;
  readonly leafHash: Uint8Array;
} {
  return decodedClosures.getOrCompute(hex.encode(leafScript), () => ({
    closure: toClosure(leafScript),
    leafHash: tapLeafHash(leafScript),
  }));
}

function toDecoded(script: VtxoScript): DecodedVtxoScript {
  return {
    pkScript: hex.encode(script.pkScript),
    leaves: script.leaves.map((proof) => {
      const leafScript = proof[1].subarray(0, -1);
      return { script: leafScript, proof, closure: decodeClosure(leafScript) };
    }),
  };
}

function toClosure(leafScript: Uint8Array): Closure | undefined {
  const decoded = attempt(() => decodeTapscript(leafScript));
  if (decoded === undefined) return undefined;
  if (MultisigTapscript.is(decoded)) return { kind: "multisig", pubkeys: decoded.params.pubkeys.map(hex.encode) };
  if (CLTVMultisigTapscript.is(decoded)) {
    return {
      kind: "cltv",
      pubkeys: decoded.params.pubkeys.map(hex.encode),
      lockTime: Number(decoded.params.absoluteTimelock),
    };
  }
  if (ConditionMultisigTapscript.is(decoded)) {
    const { pubkeys, conditionScript } = decoded.params;
    return { kind: "condition", pubkeys: pubkeys.map(hex.encode), conditionScript };
  }
  if (CSVMultisigTapscript.is(decoded) || ConditionCSVMultisigTapscript.is(decoded)) {
    const { pubkeys, timelock } = decoded.params;
    return {
      kind: "exit",
      pubkeys: pubkeys.map(hex.encode),
      delay: { unit: timelock.type, value: Number(timelock.value) },
    };
  }
  return undefined;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
