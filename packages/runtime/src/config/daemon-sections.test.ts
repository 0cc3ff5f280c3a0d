import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { arkdSection } from "./arkd-section";
import { ConfigError } from "./config-error";
import { lightningSection } from "./lightning-section";
import { lndSection } from "./lnd-section";
import type { Environment } from "./mode";
import { parseEnv } from "./parse-env";
import { sessionSection } from "./session-section";
import { tapdSection } from "./tapd-section";
import { toLightningConfig } from "./to-lightning-config";

const daemons = { lnd: lndSection, tapd: tapdSection };
const limits = { lightning: lightningSection, session: sessionSection };

const directory = mkdtempSync(path.join(tmpdir(), "arkrelay-daemon-config-"));
const cert = path.join(directory, "tls.cert");
const macaroon = path.join(directory, "admin.macaroon");

beforeAll(() => {
  writeFileSync(cert, "certificate");
  writeFileSync(macaroon, Buffer.from("0201", "hex"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const production: Environment = {
  NODE_ENV: "production",
  BITCOIN_NETWORK: "mainnet",
  LND_HOST: "lnd",
  LND_PORT: "10009",
  LND_TLS_CERT: cert,
  LND_MACAROON: macaroon,
};

function problemsOf(env: Environment, sections: Parameters<typeof parseEnv>[1] = daemons): readonly string[] {
  try {
    parseEnv(env, sections);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const namesOf = (problems: readonly string[]): string[] => problems.map((problem) => problem.split(":")[0] ?? "");

describe("a daemon", () => {
  it("that nothing names is not configured", () => {
    expect(parseEnv({}, daemons)).toMatchObject({ lnd: undefined, tapd: undefined });
  });

  it("has its own address and files, and the limits that all daemons share", () => {
    const { lnd, tapd } = parseEnv(
      { LND_TLS_CERT: cert, TAPD_HOST: "tapd", TAPD_MACAROON_HEX: "0201", GRPC_TIMEOUT_SECONDS: "7" },
      daemons,
    );
    expect(lnd).toMatchObject({ host: "localhost", port: 10_009, tlsCertFile: cert, timeoutMs: 7_000 });
    expect(tapd).toMatchObject({ host: "tapd", port: 10_029, macaroonHex: "0201", timeoutMs: 7_000 });
    expect([lnd?.maxRequestBytes, lnd?.maxReplyBytes]).toEqual([4_194_304, 209_715_200]);
  });

  it("has a macaroon for each role that names one", () => {
    const { lnd } = parseEnv({ LND_MACAROON: macaroon, LND_PAY_MACAROON_FILE: macaroon }, daemons);
    expect(lnd?.roleMacaroonFiles).toEqual({ invoice: undefined, pay: macaroon, channel: undefined });
  });

  it("takes a macaroon file under both names, but not under both at once, and not next to hex", () => {
    expect(parseEnv({ LND_MACAROON_FILE: macaroon }, daemons).lnd?.macaroonFile).toBe(macaroon);
    expect(problemsOf({ LND_MACAROON_FILE: macaroon, LND_MACAROON: macaroon })).toEqual([
      "LND_MACAROON: set together with LND_MACAROON_FILE; keep one of them",
    ]);
    expect(problemsOf({ LND_MACAROON_HEX: "0201", LND_MACAROON: macaroon })).toEqual([
      "LND_MACAROON: set together with LND_MACAROON_HEX; keep one of them",
    ]);
  });

  it("with a file that cannot be read is refused by the variable's name alone", () => {
    const missing = path.join(directory, "missing");
    expect(problemsOf({ LND_TLS_CERT: missing, TAPD_MACAROON: missing })).toEqual([
      "LND_TLS_CERT: the file cannot be read",
      "TAPD_MACAROON: the file cannot be read",
    ]);
  });

  it("is not reached in plaintext from another machine", () => {
    const env = { GRPC_ALLOW_PLAINTEXT: "true", ARKD_HOST: "arkd.internal" };
    expect(namesOf(problemsOf(env, { arkd: arkdSection }))).toEqual(["GRPC_ALLOW_PLAINTEXT"]);
  });
});

describe("in production", () => {
  it("a whole lnd starts, without tapd", () => {
    const { lnd, tapd } = parseEnv(production, daemons);
    expect(lnd).toMatchObject({ host: "lnd", network: "mainnet" });
    expect(tapd).toBeUndefined();
  });

  it.each(["LND_HOST", "LND_PORT", "LND_TLS_CERT", "LND_MACAROON"])("lnd needs %s", (name) => {
    expect(namesOf(problemsOf({ ...production, [name]: undefined }))).toEqual([name]);
  });

  it("lnd may be left out only by switching Lightning off", () => {
    const bare = { NODE_ENV: "production", BITCOIN_NETWORK: "signet" };
    expect(namesOf(problemsOf(bare))).toEqual(["LND_HOST", "LND_PORT", "LND_TLS_CERT", "LND_MACAROON"]);
    expect(problemsOf({ ...bare, LIGHTNING_AUTO_START: "false" })).toEqual([]);
  });

  it("a tapd that is named needs all of its connection", () => {
    expect(namesOf(problemsOf({ ...production, TAPD_HOST: "tapd" }))).toEqual([
      "TAPD_PORT",
      "TAPD_TLS_CERT",
      "TAPD_MACAROON",
    ]);
  });
});

describe("the limits of lifts and lands", () => {
  it("fit together by default", () => {
    const config = toLightningConfig(parseEnv({}, limits));
    expect(config).toMatchObject({ network: "regtest", landFeeBps: 10n, liftMinBlocksLeft: 40, pollMs: 30_000 });
  });

  it.each([
    ["LIFT_MIN_SATS", { LIFT_MIN_SATS: "10", LIFT_MAX_SATS: "9" }],
    ["LAND_MIN_SATS", { LAND_MIN_SATS: "10", LAND_MAX_SATS: "9" }],
    ["LAND_ROUTING_FEE_FLOOR_SATS", { LAND_ROUTING_FEE_FLOOR_SATS: "10", LAND_ROUTING_SUBSIDY_DAILY_SATS: "9" }],
    ["LIFT_MIN_BLOCKS_LEFT", { LND_HOLD_EXPIRY_DELTA: "19" }],
    ["LIFT_CLTV_DELTA", { LIFT_CLTV_DELTA: "40" }],
    ["LAND_MAX_FINAL_CLTV", { LAND_CLTV_LIMIT: "143" }],
  ])("are refused when %s does not fit the others", (name, env) => {
    expect(namesOf(problemsOf(env, limits))).toEqual([name]);
  });
});
