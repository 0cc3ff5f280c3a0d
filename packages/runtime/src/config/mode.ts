/** Strings from outside, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type BitcoinNetwork = "mainnet" | "testnet" | "signet" | "regtest";

/** What kind of run this is; decides defaults and what refuses to start. */
export interface Mode {
  readonly environment: "development" | "production" | "test";
  readonly network: BitcoinNetwork;
  /** NODE_ENV=production, or BITCOIN_NETWORK=mainnet whatever NODE_ENV says: real money is production. */
  readonly isProduction: boolean;
}

/** `REDIS_PORT=tcp://10.0.0.1:6379` is what Kubernetes puts there for a Service named redis, not an answer to us. */
export function valueOf(env: Environment, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  return name.endsWith("_PORT") && value.startsWith("tcp://") ? undefined : value;
}

const ENVIRONMENTS: Readonly<Record<string, Mode["environment"]>> = {
  development: "development",
  production: "production",
  test: "test",
  testing: "test",
};

const NETWORKS: ReadonlySet<string> = new Set(["mainnet", "testnet", "signet", "regtest"]);

/** NODE_ENV (or its older alias FLASK_ENV) and BITCOIN_NETWORK, before everything that depends on them. */
export function parseMode(env: Environment, problems: string[]): Mode {
  const nodeEnv = valueOf(env, "NODE_ENV");
  const flaskEnv = valueOf(env, "FLASK_ENV");
  for (const [name, value] of [
    ["NODE_ENV", nodeEnv],
    ["FLASK_ENV", flaskEnv],
  ] as const) {
    if (value !== undefined && ENVIRONMENTS[value] === undefined)
      problems.push(`${name}: expected development, production or test`);
  }
  if (nodeEnv !== undefined && flaskEnv !== undefined && ENVIRONMENTS[nodeEnv] !== ENVIRONMENTS[flaskEnv]) {
    problems.push("FLASK_ENV: differs from NODE_ENV; set only NODE_ENV");
  }
  const asked = valueOf(env, "BITCOIN_NETWORK");
  const network = asked !== undefined && isNetwork(asked) ? asked : "regtest";
  if (asked !== undefined && asked !== network)
    problems.push("BITCOIN_NETWORK: expected mainnet, testnet, signet or regtest");
  const environment = ENVIRONMENTS[nodeEnv ?? flaskEnv ?? "development"] ?? "development";
  const isProduction = environment === "production" || network === "mainnet";
  if (isProduction && asked === undefined) problems.push("BITCOIN_NETWORK: required in production");
  if (isProduction && nodeEnv === undefined && flaskEnv === undefined)
    problems.push("NODE_ENV: required in production (mainnet counts as production)");
  return { environment, network, isProduction };
}

function isNetwork(value: string): value is BitcoinNetwork {
  return NETWORKS.has(value);
}
