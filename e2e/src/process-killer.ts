import type { RunningStack } from "./running-stack";

const VICTIMS: readonly string[] = ["worker", "services_runner", "api"];
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 5_000;

/**
 * Kills random processes of the stack at random moments until stopped. SIGKILL leaves a process no chance to tidy up;
 * the supervisor starts it again, as an orchestrator would.
 */
export function startKilling(
  stack: RunningStack,
  random: () => number,
  killCountMax: number,
  victims = VICTIMS,
): { stop(): Promise<string[]> } {
  const killed: string[] = [];
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted && killed.length < killCountMax) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MIN_MS + random() * (PAUSE_MAX_MS - PAUSE_MIN_MS)));
      const victim = victims[Math.floor(random() * victims.length)] ?? "worker";
      if (!stopped.signal.aborted && (await killProcess(stack, victim))) killed.push(victim);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await loop;
      return killed;
    },
  };
}

/** False when the process is already gone and not back yet. */
export async function killProcess(stack: RunningStack, victim: string): Promise<boolean> {
  const pid = (await stack.current()).pids[victim];
  if (pid === undefined) return false;
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
