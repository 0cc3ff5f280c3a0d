import { readFileSync } from "node:fs";

/** What the measurements need of stack.json, the description of a running development stack. */
export interface Stack {
  readonly api_url: string;
  readonly control_url: string;
  readonly database_url: string;
  readonly redis_url: string;
  readonly relay_urls: readonly string[];
  readonly gateway_pubkey: string;
  readonly arkd: { readonly rest: string };
  readonly pids: Readonly<Record<string, number>>;
}

export function readStack(): Stack {
  const file = process.env["STACK_FILE"];
  if (file === undefined) throw new Error("STACK_FILE names the stack.json of a running stack");
  return JSON.parse(readFileSync(file, "utf8")) as Stack;
}

/** Processes that would compete for the CPU are frozen while something else is measured; nothing of them is lost. */
export async function whileFrozen<T>(stack: Stack, names: readonly string[], work: () => Promise<T>): Promise<T> {
  const pids = names.flatMap((name) => stack.pids[name] ?? []);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

/** One call of devnet's control API. */
export async function control(stack: Stack, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${stack.control_url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`devnet answered ${path} with ${response.status}: ${await response.text()}`);
  return response.status === 202 ? undefined : response.json();
}
