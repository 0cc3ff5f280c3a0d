import { rmSync } from "node:fs";

import { StopWithSentence } from "./stop-with-sentence.mjs";

/** Empties database, Redis and devnet together: one without the others would disagree about who owns what. */
export function removeStackData(paths, print) {
  if (process.env.DATABASE_URL) {
    throw new StopWithSentence(
      "DATABASE_URL names a database that is not ours to empty. Unset it, or empty it yourself.",
      64,
    );
  }
  for (const dir of [paths.mysql, `${paths.mysql}.new`, paths.redis, paths.devnet])
    rmSync(dir, { recursive: true, force: true });
  print("database, Redis and devnet are empty");
}
