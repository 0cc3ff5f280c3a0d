import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

/** Package manager and stamps: shared by every state directory of this checkout. */
export const TOOLS_DIR = path.join(ROOT, ".local/tools");

/** Where a stack keeps its things. Outside, in the temporary folder, are only the database socket (`socketDir`) and the claims on ports. */
export function statePaths(stateDir = ".local") {
  const root = path.resolve(ROOT, stateDir);
  const at = (...parts) => path.join(root, ...parts);
  // A Unix socket path may have about 107 characters, so the socket stands in the temporary folder, named by a hash.
  const name = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return {
    root,
    mysql: at("mysql"),
    redis: at("redis"),
    devnet: at("devnet"),
    devnetFile: at("devnet", "devnet.json"),
    logs: at("logs"),
    run: at("run"),
    lock: at("run", "supervisor.json"),
    processes: at("run", "processes.json"),
    secrets: at("secrets.json"),
    stack: at("stack.json"),
    socketDir: path.join(tmpdir(), `arkrelay-${process.getuid?.() ?? 0}-${name}`),
  };
}

export function makeStateDirs(paths) {
  for (const dir of [paths.root, paths.logs, paths.run]) mkdirSync(dir, { recursive: true });
  mkdirSync(paths.socketDir, { recursive: true, mode: 0o700 });
}
