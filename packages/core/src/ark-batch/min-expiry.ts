import type { ArkServerInfo } from "../ports/ark-daemon";

/** BIP68 counts below this in blocks, from it on in seconds of 512 each. */
export const FIRST_DELAY_IN_SECONDS = 512;
const BLOCK_SECONDS = 600;
const DAY_SECONDS = 86_400;

/** A relative lock as arkd states it, in seconds; blocks as they come on average. */
export function delaySeconds(delay: number): number {
  return delay >= FIRST_DELAY_IN_SECONDS ? delay : delay * BLOCK_SECONDS;
}

/**
 * How long a tree must live before arkd may sweep it: a unilateral exit has to be noticed as needed, brought to the chain and waited
 * for. The day beside the exit delay stands whatever arkd says that delay is. On regtest, where blocks come at will, trees are short.
 */
export function minExpirySeconds({
  unilateralExitDelay,
  network,
}: Pick<ArkServerInfo, "unilateralExitDelay" | "network">): number {
  const marginSeconds = network === "regtest" ? FIRST_DELAY_IN_SECONDS : DAY_SECONDS;
  return delaySeconds(unilateralExitDelay) + marginSeconds;
}
