import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { TOOLS } from "./tool-commands.js";
import { UsageError } from "./usage-error.js";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "solver-tools-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A tool that needs no gateway. */
async function run(name: string, ...args: string[]): Promise<unknown> {
  const settings = (): never => {
    throw new UsageError("no gateway here");
  };
  return TOOLS[name]?.({ keyFile: join(folder, "solver.key"), settings, args, solver: undefined, publish: false });
}

it("signs events that verify, with one key from the first call on", async () => {
  const [first, second] = [
    await run("nostr-sign-event", '{"kind":1,"content":"a"}'),
    await run("nostr-sign-event", '{"kind":1,"content":"b"}'),
  ];
  expect(await run("nostr-verify-event", JSON.stringify(first))).toMatchObject({ ok: true });
  expect((second as { pubkey: string }).pubkey).toBe((first as { pubkey: string }).pubkey);
  const forged = JSON.stringify({ ...(first as object), content: "c" });
  expect(await run("nostr-verify-event", forged)).toMatchObject({ ok: false, idMatches: false });
});

it.each([
  ["nostr-sign-event", "{}"],
  ["nostr-verify-event", "not JSON"],
  ["sign-ecdsa", "00"],
  ["nostr-sign", ""],
  ["ceremony-status", "session-1"],
])("says what is wrong with the command line of %s", async (name, argument) => {
  await expect(run(name, argument)).rejects.toThrow(UsageError);
});
