import { MultisigTapscript } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { BoundedMemo } from "./bounded-memo";

const leaves = new BoundedMemo<readonly string[]>(5_000);

/** x-only keys of a collaborative leaf in script order: owner, then arkd's signer. Throws when it is no multisig leaf. */
export function multisigKeysOf(script: Uint8Array): readonly string[] {
  return leaves.getOrCompute(hex.encode(script), () =>
    MultisigTapscript.decode(script).params.pubkeys.map((key) => hex.encode(key)),
  );
}
