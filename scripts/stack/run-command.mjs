import { spawn } from "node:child_process";

import { ROOT } from "./paths.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

/** Of each command under way: how to end it, and the promise of its end. */
const active = new Map();
let isStopping = false;

/** Ends the commands under way and lets no other begin: called when the script itself is told to stop. */
export async function stopCommands() {
  isStopping = true;
  for (const kill of active.keys()) kill();
  await Promise.all(active.values());
}

/**
 * @param {() => void} kill asks the command to end
 * @returns the function to call when it has ended
 */
export function trackCommand(kill) {
  let untrack;
  const ended = new Promise((resolve) => (untrack = resolve));
  active.set(kill, ended);
  return () => {
    active.delete(kill);
    untrack();
  };
}

/**
 * Runs a command to its end without a terminal and keeps its output.
 * @returns {Promise<{code: number, output: string}>} code 127 when the program does not exist
 */
export function runCommand(command, args, { env = process.env, cwd = ROOT, onOutput } = {}) {
  if (isStopping) return Promise.resolve({ code: 130, output: "stopping" });
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const untrack = trackCommand(() => child.kill("SIGTERM"));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        onOutput?.(text);
      });
    }
    const end = (result) => {
      untrack();
      resolve(result);
    };
    child.on("error", (error) => end({ code: 127, output: error.message }));
    child.on("close", (code, signalName) =>
      end({ code: code ?? 128, output: signalName ? `${output}\n${signalName}` : output }),
    );
  });
}

/** As runCommand, but a failure stops the script with `what` and the end of the output. */
export async function mustRun(what, command, args, options = {}) {
  const { code, output } = await runCommand(command, args, options);
  if (code !== 0) throw new StopWithSentence(`${what} failed (exit code ${code}):\n${lastLines(output, 40)}`, 70);
  return output;
}

export function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** Our environment without what npm adds for its scripts: an inner npm or pnpm would take it for its own settings. */
export function cleanEnvironment(extra = {}) {
  const entries = Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_/i.test(name));
  return { ...Object.fromEntries(entries), TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", ...extra };
}
