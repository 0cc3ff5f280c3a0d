import { createRequire } from "node:module";
import path from "node:path";

import { ROOT } from "./paths.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

/**
 * A database that was used with another arkd holds VTXOs that this devnet has never heard of. Every VTXO script names the
 * signer it was made with, so a database with scripts but none of this signer is such a one.
 */
export async function checkDatabasePins({ databaseUrl, signerPubkey }) {
  const require = createRequire(path.join(ROOT, "packages/db/package.json"));
  const { createConnection } = require("mysql2/promise");
  const connection = await createConnection({ uri: databaseUrl.replace(/^(mysql\+pymysql|mariadb):/, "mysql:") });
  try {
    const [[counts]] = await connection.query(
      "SELECT COUNT(*) AS n, COALESCE(SUM(signer_pubkey = ?), 0) AS ours FROM vtxo_scripts",
      [signerPubkey],
    );
    if (Number(counts.n) === 0 || Number(counts.ours) > 0) return;
  } finally {
    await connection.end();
  }
  const repair = process.env.DATABASE_URL ? "unset DATABASE_URL or empty that database" : "run `npm run reset`";
  throw new StopWithSentence(
    `The database belongs to another arkd (its VTXOs have another signer than devnet's): ${repair}.`,
    75,
  );
}
