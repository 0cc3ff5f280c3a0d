const JSON_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Base units as a JSON integer. Every amount of ours fits; of an asset that arkd alone knows anybody may send more units than JSON
 * can tell exactly, and then the largest number it can stands for "at least".
 */
export function toJsonAmount(amount: bigint): number {
  return Number(amount < JSON_MAX ? amount : JSON_MAX);
}
