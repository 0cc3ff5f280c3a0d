import { join } from "node:path";
import { parseArgs } from "node:util";

import { z } from "zod";

import { ConfigError } from "@arkrelay/runtime/config/config-error";

/** How one devnet process runs. Port 0 means any free one. */
export interface DevnetConfig {
  readonly stateDir: string;
  readonly controlPort: number;
  readonly arkdPort: number;
  readonly arkdAdminPort: number;
  readonly lndPort: number;
  readonly tapdPort: number;
  readonly relayPort: number;
  /** Replaces the remembered seed. */
  readonly seed: string | undefined;
  readonly isRelayAuthRequired: boolean;
  /** Between heartbeats of arkd's streams. */
  readonly heartbeatMs: number;
}

const port = (fallback: number): z.ZodType<number> => z.coerce.number().int().min(0).max(65_535).default(fallback);

const Options = z.object({
  "state-dir": z.string().min(1),
  "control-port": port(8090),
  "arkd-port": port(7070),
  "arkd-admin-port": port(7071),
  "lnd-port": port(10009),
  "tapd-port": port(10029),
  "relay-port": port(7777),
  seed: z.string().min(1).optional(),
  "relay-auth": z.boolean().default(false),
  "heartbeat-ms": z.coerce.number().int().min(10).max(3_600_000).default(60_000),
});

/** Flags win over the environment (DEVNET_CONTROL_PORT, DEVNET_SEED). Throws a ConfigError listing every problem. */
export function parseConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): DevnetConfig {
  if (env["NODE_ENV"] === "production") {
    throw new ConfigError(["NODE_ENV: devnet is a simulator and never runs in production"]);
  }
  const parsed = Options.safeParse({
    "state-dir": join(process.cwd(), ".local", "devnet"),
    ...definedOnly({ "control-port": env["DEVNET_CONTROL_PORT"], seed: env["DEVNET_SEED"] }),
    ...definedOnly(readFlags(args)),
  });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`));
  }
  const options = parsed.data;
  return {
    stateDir: options["state-dir"],
    controlPort: options["control-port"],
    arkdPort: options["arkd-port"],
    arkdAdminPort: options["arkd-admin-port"],
    lndPort: options["lnd-port"],
    tapdPort: options["tapd-port"],
    relayPort: options["relay-port"],
    seed: options.seed,
    isRelayAuthRequired: options["relay-auth"],
    heartbeatMs: options["heartbeat-ms"],
  };
}

function readFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        "state-dir": text,
        "control-port": text,
        "arkd-port": text,
        "arkd-admin-port": text,
        "lnd-port": text,
        "tapd-port": text,
        "relay-port": text,
        seed: text,
        "relay-auth": { type: "boolean" },
        "heartbeat-ms": text,
      },
    });
    return values;
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}

/** An empty variable means unset, as everywhere in the product. */
function definedOnly(values: Record<string, string | boolean | undefined>): Record<string, string | boolean> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]])),
  );
}
