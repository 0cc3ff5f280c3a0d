import { arkTxWeight } from "../ark/tx-weight";
import type { ArkServerInfo } from "../ports/ark-daemon";

/** More would leave little room for outputs; the treasury holds few, large VTXOs. */
export const FAN_OUT_INPUTS_MAX = 10;

/** What is left over takes a VTXO of units and one of sats. */
const CHANGE_OUTPUTS = 2;
/** Id of the asset, every input with its units, both changes, and the frame: more than any of them needs. */
const PACKET_BYTES = 256;
/** A P2TR output, and its entry in the packet: type, vout and the longest amount. */
const OUTPUT_WEIGHT = 43 * 4;
const PACKET_ENTRY_WEIGHT = (1 + 2 + 10) * 4;

/** How many VTXOs one fan-out makes at most, so that arkd takes it with whatever inputs: 200 of sats or 150 of units, about. */
export function fanOutSize({ maxTxWeight }: Pick<ArkServerInfo, "maxTxWeight">, carriesUnits: boolean): number {
  const rest = maxTxWeight - arkTxWeight(FAN_OUT_INPUTS_MAX, CHANGE_OUTPUTS, carriesUnits ? PACKET_BYTES : 0);
  return Math.max(1, Math.floor(rest / (OUTPUT_WEIGHT + (carriesUnits ? PACKET_ENTRY_WEIGHT : 0))));
}
