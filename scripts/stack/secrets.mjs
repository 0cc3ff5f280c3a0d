import { createECDH, randomBytes } from "node:crypto";

import { readJsonFile, writeJsonFile } from "./json-file.mjs";

const NAMES = [
  "ADMIN_API_KEY",
  "SECRET_KEY",
  "ENCRYPTION_KEY",
  "GATEWAY_WALLET_SEED",
  "NOSTR_PRIVATE_KEY",
  "DATABASE_PASSWORD",
];

/** Development secrets: random on the first start, then the same for the life of the state directory (mode 0600). */
export function loadSecrets(file) {
  const known = readJsonFile(file) ?? {};
  const missing = NAMES.filter((name) => typeof known[name] !== "string");
  if (missing.length === 0) return known;
  const secrets = { ...known, ...Object.fromEntries(missing.map((name) => [name, randomBytes(32).toString("hex")])) };
  writeJsonFile(file, secrets, 0o600);
  return secrets;
}

/** x-only public key (BIP340), 64 hex. */
export function xOnlyPubkey(privateKeyHex) {
  const ecdh = createECDH("secp256k1");
  ecdh.setPrivateKey(privateKeyHex, "hex");
  return ecdh.getPublicKey("hex", "compressed").slice(2);
}
