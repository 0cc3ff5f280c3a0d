import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { generateKey } from "@arkrelay/sdk/wallet-utils";

/** The secret key of 64 hex digits in a file; a new one when there is no file yet. Whoever has the file has the pool. */
export function readOrMakeKey(path: string): Uint8Array {
  if (!existsSync(path)) {
    const { secretKey } = generateKey();
    writeFileSync(path, `${Buffer.from(secretKey).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return secretKey;
  }
  const text = readFileSync(path, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${path} does not hold a key of 64 hex digits`);
  return Uint8Array.from(Buffer.from(text, "hex"));
}
