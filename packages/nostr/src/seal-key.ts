import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { ConfigError } from "@arkrelay/runtime/config/config-error";
import { key32, secret } from "@arkrelay/runtime/config/env-types";
import { defineSection, parseEnv } from "@arkrelay/runtime/config/parse-env";

import { GatewayKeyError } from "./gateway-key";
import { sealedKeyLines } from "./sealed-key-lines";

const USAGE = `npm run key:seal [-- --new]

Seals the gateway's Nostr key under GATEWAY_ENCRYPTION_KEY (32 bytes, hex or base64, from the environment) and prints the line for
GATEWAY_NOSTR_PRIVATE_KEY. The key, 64 hex or nsec, is read from standard input, so that no shell history keeps it.

  --new    makes a new key instead of reading one
  --help   this text
`;

const openerSection = defineSection({
  variables: { GATEWAY_ENCRYPTION_KEY: secret(key32()) },
  build: (values) => values.GATEWAY_ENCRYPTION_KEY,
});

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { new: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) return void process.stdout.write(USAGE);
  const { encryptionKey } = parseEnv(process.env, { encryptionKey: openerSection });
  const keyText = values.new === true ? undefined : await text(process.stdin);
  process.stdout.write(`${sealedKeyLines(keyText, encryptionKey).join("\n")}\n`);
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`seal-key: ${line}\n`);
  process.exitCode = error instanceof ConfigError || error instanceof GatewayKeyError ? 78 : 64;
});
