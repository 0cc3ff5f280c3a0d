import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const MAIN = path.resolve(__dirname, "../../examples/nostr-wallet/dist/main.js");

/** The example wallet as its user has it: a command line over one file, each call a process of its own. */
export interface ExampleWallet {
  /** 64 hex. */
  readonly pubkey: string;
  /** Runs a command to its end and returns what it printed. Rejects with its complaint. */
  run(...args: readonly string[]): Promise<string>;
  /** Starts a command, resolves once it has printed a line that begins with `word`, and hands out the rest of that line. */
  start(word: string, ...args: readonly string[]): Promise<StartedCommand>;
}

export interface StartedCommand {
  readonly value: string;
  readonly ended: Promise<string>;
  kill(): Promise<void>;
}

export async function openExampleWallet(
  file: string,
  stack: { readonly gateway_pubkey: string; readonly relay_urls: readonly string[] },
): Promise<ExampleWallet> {
  const relays = stack.relay_urls.flatMap((url) => ["--relay", url]);
  const run = (...args: readonly string[]): Promise<string> => outputOf(launch(file, args));
  const printed = await run("init", "--gateway", stack.gateway_pubkey, ...relays);
  const pubkey = /^address ([0-9a-f]{64})$/m.exec(printed)?.[1];
  if (pubkey === undefined) throw new Error(`no address in ${printed}`);
  return {
    pubkey,
    run,
    async start(word, ...args) {
      const child = launch(file, args);
      const ended = outputOf(child);
      const value = await Promise.race([lineOf(child, word), ended.then(() => undefined)]);
      if (value === undefined) throw new Error(`${args.join(" ")} ended without ${word}`);
      const kill = async (): Promise<void> => {
        child.kill("SIGKILL");
        await ended.catch(() => undefined);
      };
      return { value, ended, kill };
    },
  };
}

function launch(file: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args, "--wallet", file], { stdio: ["ignore", "pipe", "pipe"] });
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let [output, complaint] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(output) : reject(new Error(complaint || `code ${code}`))));
  });
}

function lineOf(child: ChildProcess, word: string): Promise<string> {
  return new Promise((resolve) => {
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const line = output.split("\n").find((text, index, all) => index < all.length - 1 && text.startsWith(`${word} `));
      if (line !== undefined) resolve(line.slice(word.length + 1));
    });
  });
}
