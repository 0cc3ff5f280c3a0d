import { type Transaction, P2A } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "../arkd-error";
import { readAssetGroups } from "../asset-packet";
import { type ArkdSettings, minVtxoSats } from "../settings";
import type { Submission } from "./parse-submission";

/** An output that becomes a VTXO. A sub-dust one cannot be spent off-chain: it is stored as swept. */
export interface ArkOutput {
  readonly vout: number;
  readonly amountSats: bigint;
  /** The VTXO script (5120…), also for a sub-dust output. */
  readonly script: string;
  readonly isSubDust: boolean;
}

const ANCHOR_SCRIPT = hex.encode(P2A.script);
const OP_RETURN = "6a";
const EXTENSION_MAGIC = hex.encode(new TextEncoder().encode("ARK"));

/** Reads the outputs by arkd's rules: one anchor, few OP_RETURNs, P2TR from dust up, sub-dust as `OP_RETURN <key>`. */
export function readArkOutputs(settings: ArkdSettings, { arkTx, arkTxid }: Submission): readonly ArkOutput[] {
  const malformed = (why: string): never => {
    throw new ArkdError("MALFORMED_ARK_TX", why, { txid: arkTxid });
  };
  const outputs = Array.from({ length: arkTx.outputsLength }, (_, vout) => {
    const { script, amount } = arkTx.getOutput(vout);
    if (script === undefined || amount === undefined) return malformed(`output ${vout} is incomplete`);
    return { vout, script: hex.encode(script), amountSats: amount };
  });
  const anchors = outputs.filter(({ script }) => script === ANCHOR_SCRIPT);
  if (anchors.length !== 1) malformed(anchors.length === 0 ? "missing anchor output" : "multiple anchor outputs");
  const opReturns = outputs.filter(({ script }) => script.startsWith(OP_RETURN));
  if (opReturns.length > settings.maxOpReturnOutputs) {
    malformed(`too many OP_RETURN outputs: ${opReturns.length} > ${settings.maxOpReturnOutputs}`);
  }
  checkExtensions(arkTx, opReturns, malformed);

  return outputs.flatMap((output) => {
    if (output.script === ANCHOR_SCRIPT) return [];
    const isOpReturn = output.script.startsWith(OP_RETURN);
    if (isOpReturn && output.amountSats === 0n) return [];
    checkAmount(settings, output, isOpReturn, malformed);
    return [{ ...output, script: isOpReturn ? `51${output.script.slice(2)}` : output.script, isSubDust: isOpReturn }];
  });
}

/** At most one extension output, worth nothing, and of packets that can be read. */
function checkExtensions(arkTx: Transaction, opReturns: readonly RawOutput[], malformed: (why: string) => never): void {
  const extensions = opReturns.filter(({ script }) => payloadOf(script).startsWith(EXTENSION_MAGIC));
  if (extensions.length > 1) malformed("multiple extension outputs");
  const [extension] = extensions;
  if (extension === undefined) return;
  if (extension.amountSats !== 0n) malformed(`extension OP_RETURN output ${extension.vout} has non-zero value`);
  try {
    readAssetGroups(arkTx);
  } catch {
    malformed(`malformed extension output ${extension.script}`);
  }
}

/** What an OP_RETURN script pushes: a plain push up to 75 bytes, else PUSHDATA1, 2 or 4. */
function payloadOf(script: string): string {
  const lengthBytes: Record<string, number> = { "4c": 1, "4d": 2, "4e": 4 };
  const opcode = script.slice(2, 4);
  return script.slice(4 + 2 * (lengthBytes[opcode] ?? 0));
}

interface RawOutput {
  readonly vout: number;
  readonly script: string;
  readonly amountSats: bigint;
}

function checkAmount(
  settings: ArkdSettings,
  output: RawOutput,
  isOpReturn: boolean,
  malformed: (why: string) => never,
): void {
  const { script, amountSats, vout } = output;
  const dust = BigInt(settings.dustSats);
  if (isOpReturn && !/^6a20[0-9a-f]{64}$/.test(script))
    malformed(`output ${vout}: an OP_RETURN output must have value 0`);
  if (isOpReturn && amountSats >= dust) malformed(`output ${vout}: a sub-dust output must be below ${dust}`);
  if (!isOpReturn && !/^5120[0-9a-f]{64}$/.test(script)) malformed(`output ${vout} is not P2TR`);
  const metadata = { output_index: String(vout), amount: String(amountSats) };
  if (settings.vtxoMaxSats >= 0 && amountSats > BigInt(settings.vtxoMaxSats)) {
    const metadataMax = { ...metadata, max_amount: String(settings.vtxoMaxSats) };
    throw new ArkdError("AMOUNT_TOO_HIGH", `output ${vout} is above the maximum`, metadataMax);
  }
  const min = minVtxoSats(settings);
  if (amountSats < min || (!isOpReturn && amountSats < dust)) {
    const metadataMin = { ...metadata, min_amount: String(isOpReturn || min > dust ? min : dust) };
    throw new ArkdError("AMOUNT_TOO_LOW", `output ${vout} is below the minimum`, metadataMin);
  }
}
