/** Dropped memory: the process dies at this point. Nothing in the product catches it by name. */
export class Crash extends Error {}

/** The product may have wrapped it on its way up. */
export function isCrash(thrown: unknown): boolean {
  return thrown instanceof Crash || (thrown instanceof Error && isCrash(thrown.cause));
}
