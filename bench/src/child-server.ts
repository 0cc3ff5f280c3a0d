import { fork, type ChildProcess } from "node:child_process";
import path from "node:path";

/**
 * Starts a TypeScript file of this folder as a process of its own, so that the two sides of a comparison both have their own
 * event loop, and waits for the message that says it is ready.
 */
export async function startChild<Ready>(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ ready: Ready; child: ChildProcess; stop: () => Promise<void> }> {
  const child = fork(path.join(__dirname, file), {
    execArgv: ["--import", "tsx"],
    env: { ...process.env, NODE_ENV: "production", ...env },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = await Promise.race([nextMessage<Ready>(child), exited.then(() => failed(file))]);
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  return { ready, child, stop };
}

export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once("message", (message) => resolve(message as T)));
}

function failed(file: string): never {
  throw new Error(`${file} ended before it was ready`);
}
