import { setTimeout as sleep } from "node:timers/promises";

/** Resolves once `condition` holds; jest's own limit ends a test in which it never does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}
