import { LndError } from "../engine/lnd-error";
import { feerateFor } from "../engine/wallet";

/** sat/vB from the three ways to name it; none means confirmation within six blocks. */
export function readFeerate(request: {
  readonly satPerVbyte: bigint;
  readonly satPerByte: bigint;
  readonly targetConf: number;
}): bigint {
  const { satPerVbyte, satPerByte, targetConf } = request;
  if (satPerVbyte !== 0n && satPerByte !== 0n) {
    throw new LndError("either sat_per_byte or sat_per_vbyte should be set, but not both");
  }
  const given = satPerVbyte === 0n ? satPerByte : satPerVbyte;
  if (given !== 0n && targetConf !== 0) {
    throw new LndError("either target_conf or sat_per_vbyte should be set, but not both");
  }
  return given === 0n ? feerateFor(targetConf) : given;
}
