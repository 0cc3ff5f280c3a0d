import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { toolEnvironment } from "./stack/bootstrap.mjs";
import { ROOT } from "./stack/paths.mjs";
import { mustRun } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";

/**
 * Generated files are checked in; this fails when generating them again changes one. It compares before and after rather
 * than with the last commit, so it also works on a tree with changes.
 */
await runScript({ help: "pnpm gen:check\n\nFails when a generated file is not what `pnpm gen` makes." }, async () => {
  const before = await changedFiles();
  await mustRun("pnpm gen", "pnpm", ["gen"], { env: toolEnvironment() });
  const after = await changedFiles();
  const isNew = (name) => !before.has(name);
  const isOther = (name) => before.has(name) && before.get(name) !== hashOf(path.join(ROOT, name));
  const stale = [...[...after.keys()].filter(isNew), ...[...before.keys()].filter(isOther)];
  if (stale.length === 0) return;
  throw new StopWithSentence(
    `Generated files are out of date. Commit what \`pnpm gen\` made:\n  ${stale.join("\n  ")}`,
  );
});

/** @returns {Promise<Map<string, string>>} path to content hash, of every file that differs from the last commit */
async function changedFiles() {
  const output = await mustRun("git status", "git", ["status", "--porcelain", "-z", "--untracked-files=all"]);
  const names = output
    .split("\0")
    .filter(Boolean)
    .map((entry) => entry.slice(3));
  return new Map(names.map((name) => [name, hashOf(path.join(ROOT, name))]));
}

function hashOf(file) {
  return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : "missing";
}
