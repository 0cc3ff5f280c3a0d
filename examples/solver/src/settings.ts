import { readFileSync } from "node:fs";

import { z } from "zod";

import { UsageError } from "./usage-error.js";

/** How to reach the gateway, and who it is. */
export interface Settings {
  readonly gatewayUrl: string;
  readonly gatewayPubkey: string;
  readonly relays: readonly string[];
  readonly arkdUrl: string;
  readonly keyFile: string;
  readonly stateFile: string;
  readonly assetId: string;
  readonly feeBps: bigint;
  readonly port: number;
  readonly canSimulate: boolean;
}

/** Texts of the command line, as `parseArgs` has them. */
export interface OptionTexts {
  readonly stack?: string | undefined;
  readonly gateway?: string | undefined;
  readonly "gateway-pubkey"?: string | undefined;
  readonly relays?: string | undefined;
  readonly arkd?: string | undefined;
  readonly key: string;
  readonly state: string;
  readonly asset: string;
  readonly "fee-bps": string;
  readonly port: string;
  readonly simulate: boolean;
}

const stackSchema = z.looseObject({
  api_url: z.string(),
  gateway_pubkey: z.string(),
  relay_urls: z.array(z.string()),
  arkd: z.looseObject({ rest: z.string() }),
});

/** The options over what a running development stack says of itself. Throws UsageError for what is missing or wrong. */
export function readSettings(options: OptionTexts): Settings {
  const stack = options.stack === undefined ? undefined : readStack(options.stack);
  return {
    gatewayUrl: required("--gateway", options.gateway ?? stack?.api_url),
    gatewayPubkey: required("--gateway-pubkey", options["gateway-pubkey"] ?? stack?.gateway_pubkey),
    relays: options.relays?.split(",") ?? required("--relays", stack?.relay_urls),
    arkdUrl: required("--arkd", options.arkd ?? stack?.arkd.rest),
    keyFile: options.key,
    stateFile: options.state,
    assetId: options.asset,
    feeBps: BigInt(readNumber("--fee-bps", options["fee-bps"], 1_000)),
    port: readNumber("--port", options.port, 65_535),
    canSimulate: options.simulate,
  };
}

function readStack(file: string): z.infer<typeof stackSchema> {
  try {
    return stackSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new UsageError(`${file} is not the stack.json of a running stack`);
  }
}

function required<T>(option: string, value: T | undefined): T {
  if (value === undefined) throw new UsageError(`${option} is missing; --stack FILE gives it too`);
  return value;
}

function readNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new UsageError(`${option} is a whole number up to ${max}, not "${text}"`);
}
