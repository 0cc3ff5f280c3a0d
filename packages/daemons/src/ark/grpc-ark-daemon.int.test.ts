import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { connectivityState, status } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";
import { until } from "@arkrelay/runtime/testing/until";

import type { DaemonObserver } from "../daemon-observer";
import { GetVtxosRequest, IndexerVtxo } from "../gen/ark/v1/indexer";
import { failure, FakeArkd, HOLD, refusal } from "../testing/fake-arkd";
import { type ArkdConfig, GrpcArkDaemon } from "./grpc-ark-daemon";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-daemons-"));
const states: string[] = [];
const codes: (string | undefined)[] = [];
const observer: DaemonObserver = {
  callFinished: ({ code }) => codes.push(code),
  streamBroke: ({ code }) => codes.push(code),
  breakerChanged: (service, state) => states.push(`${service} ${state}`),
};

let arkd: FakeArkd;
let daemon: GrpcArkDaemon;

function connect(change: Partial<ArkdConfig> = {}): GrpcArkDaemon {
  daemon?.close();
  daemon = new GrpcArkDaemon({ ...arkd.config, ...change }, { observer, requestId: () => "request-1" });
  return daemon;
}

beforeEach(async () => {
  states.length = 0;
  codes.length = 0;
  arkd = await FakeArkd.start(folder);
  connect();
});

afterEach(() => {
  daemon.close();
  arkd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function rejectionOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error("expected an AppError, nothing was thrown");
}

const submit = () => daemon.submitTx({ signedArkTx: "ark", checkpointTxs: ["checkpoint"] });
const accepted = { arkTxid: "txid", finalArkTx: "final", signedCheckpointTxs: ["signed"] };
const VTXO = { outpoint: { txid: "ab".repeat(32), vout: 1 }, script: "5120", amount: 9_007_199_254_740_993n };

describe("parameters", () => {
  test("come from arkd once and then from memory until they are too old", async () => {
    const info = await daemon.getInfo();
    expect(info).toMatchObject({ network: "regtest", dustSats: 330n, vtxoMinSats: -1n, maxTxWeight: 40_000 });
    expect(info.signerPubkey).toBe("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
    expect(info.vtxoMaxSats).toBeUndefined();
    await Promise.all([daemon.getInfo(), daemon.getInfo()]);
    expect(arkd.callsOf("GetInfo")).toHaveLength(1);
    await Promise.all([daemon.getInfo({ maxAgeMs: 0 }), daemon.getInfo({ maxAgeMs: 0 })]);
    expect(arkd.callsOf("GetInfo")).toHaveLength(2);
  });

  test("of another chain make arkd unusable, for reads too", async () => {
    arkd.info.network = "bitcoin";
    const error = await rejectionOf(daemon.listVtxosByOutpoints(["a:0"]));
    expect([error.code, error.details?.["reason"]]).toEqual(["daemon_unavailable", "wrong_network"]);
    expect(arkd.callsOf("GetVtxos")).toEqual([]);
  });

  test.each([
    ["signer", { signerPubkey: "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659" }],
    ["forfeit", { forfeitPubkey: "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9" }],
  ])("with another %s key than the pinned one stop writes and leave reads", async (_key, pinned) => {
    connect(pinned);
    arkd.answers.set("GetVtxos", () => ({ vtxos: [], page: undefined }));
    const error = await rejectionOf(submit());
    expect([error.code, error.details?.["reason"]]).toEqual(["daemon_unavailable", "key_changed"]);
    expect(arkd.callsOf("SubmitTx")).toEqual([]);
    await expect(daemon.listVtxosByScripts(["5120"])).resolves.toEqual([]);
  });

  test("with another forfeit key than the pinned one say nothing about batches, which that key could sweep", async () => {
    await daemon.getInfo();
    await expect(daemon.batches.getBatchInfo()).resolves.toMatchObject({
      forfeitPubkey: arkd.info.forfeitPubkey.slice(2),
    });
    arkd.info.forfeitPubkey = arkd.info.signerPubkey;
    await daemon.getInfo({ maxAgeMs: 0 });
    expect((await rejectionOf(daemon.batches.getBatchInfo())).details?.["reason"]).toBe("key_changed");
  });

  test("without configured pins the first keys seen are pinned", async () => {
    await daemon.getInfo();
    arkd.info.signerPubkey = arkd.info.forfeitPubkey;
    await daemon.getInfo({ maxAgeMs: 0 });
    expect((await rejectionOf(submit())).details?.["reason"]).toBe("key_changed");
  });
});

test("every call carries digest, build version and request id; GetInfo no digest, which it is there to learn", async () => {
  arkd.answers.set("SubmitTx", () => accepted);
  await submit();
  const headers = (method: string) =>
    ["x-digest", "x-build-version", "x-request-id"].map((name) => arkd.callsOf(method)[0]?.metadata.get(name)[0]);
  expect(headers("SubmitTx")).toEqual(["digest 1", "0.9.9", "request-1"]);
  expect(headers("GetInfo")).toEqual([undefined, "0.9.9", "request-1"]);
});

test("a server without the expected certificate is not talked to", async () => {
  connect({ tlsCertFile: undefined, timeoutMs: 300, retryAttemptsMax: 0 });
  const error = await rejectionOf(daemon.getInfo());
  expect([error.code, error.details?.["reason"]]).toEqual(["daemon_auth_failed", "certificate_untrusted"]);
  expect(arkd.calls).toEqual([]);
});

describe("a read", () => {
  test("is repeated until it is answered", async () => {
    const answers = [failure(status.UNAVAILABLE), failure(status.UNAVAILABLE)];
    arkd.answers.set("GetVtxos", () => {
      const error = answers.pop();
      if (error !== undefined) throw error;
      return { vtxos: [], page: undefined };
    });
    await expect(daemon.listVtxosByScripts(["5120"])).resolves.toEqual([]);
    expect(arkd.callsOf("GetVtxos")).toHaveLength(3);
  });

  test("ends as daemon_unavailable when no answer comes in time, as often as it is repeated", async () => {
    connect({ timeoutMs: 100 });
    await daemon.getInfo();
    arkd.answers.set("GetVtxos", () => HOLD);
    const error = await rejectionOf(daemon.listVtxosByOutpoints(["a:0"]));
    expect([error.code, error.retry]).toEqual(["daemon_unavailable", "backoff"]);
    expect(error.details).toMatchObject({ service: "arkd", breaker: "closed" });
  });

  test("is not repeated after a refusal", async () => {
    arkd.answers.set("GetVtxos", () => {
      throw refusal(52, "INVALID_TX_FILTER");
    });
    expect((await rejectionOf(daemon.listVtxosByScripts(["5120"]))).code).toBe("daemon_rejected");
    expect(arkd.callsOf("GetVtxos")).toHaveLength(1);
  });

  test("of an asset's supply takes all that an amount of arkd's can be", async () => {
    const supply = String(2n ** 64n - 1n);
    arkd.answers.set("GetAsset", () => ({ assetId: "a", supply, metadata: "", controlAsset: "" }));
    await expect(daemon.getAssetSupply("ab".repeat(34))).resolves.toBe(2n ** 64n - 1n);
    expect(arkd.callsOf("GetAsset")[0]?.request).toMatchObject({ assetId: "ab".repeat(34) });
    for (const wrong of ["", "-1", "1.5", "many"]) {
      arkd.answers.set("GetAsset", () => ({ assetId: "a", supply: wrong, metadata: "", controlAsset: "" }));
      expect((await rejectionOf(daemon.getAssetSupply("ab".repeat(34)))).code).toBe("internal_error");
    }
  });

  test("of many VTXOs reads every page once and tells each VTXO once", async () => {
    const all = Array.from({ length: 250 }, (_, vout) =>
      IndexerVtxo.fromPartial({ ...VTXO, outpoint: { txid: "ab", vout } }),
    );
    arkd.answers.set("GetVtxos", ({ request }) => {
      const { page, pendingOnly, after } = GetVtxosRequest.fromPartial(request as GetVtxosRequest);
      expect({ pendingOnly, after }).toEqual({ pendingOnly: true, after: 5n });
      const from = (page?.index ?? 0) * (page?.size ?? 0);
      // The last VTXO of a page moves to the next one while the pages are read.
      return {
        vtxos: all.slice(Math.max(0, from - 1), from + (page?.size ?? 0) - (from > 0 ? 1 : 0)),
        page: undefined,
      };
    });
    const vtxos = await daemon.listVtxosByScripts(["5120"], { pendingOnly: true, afterMs: 5 });
    expect(arkd.callsOf("GetVtxos")).toHaveLength(3);
    expect(new Set(vtxos.map(({ vtxoId }) => vtxoId)).size).toBe(vtxos.length);
    expect(vtxos[0]).toMatchObject({ vtxoId: "ab:0", amountSats: 9_007_199_254_740_993n, expiresAt: null });
  });
});

describe("a write", () => {
  test("hands arkd's answer on unchanged", async () => {
    arkd.answers.set("SubmitTx", () => accepted);
    await expect(submit()).resolves.toEqual(accepted);
  });

  test.each([
    ["the connection breaks", failure(status.UNAVAILABLE)],
    ["arkd cancels", failure(status.CANCELLED)],
    ["arkd runs out of time", failure(status.DEADLINE_EXCEEDED)],
    ["something unknown happens", failure(status.UNKNOWN)],
  ])("is sent once and its outcome unknown when %s", async (_what, error) => {
    arkd.answers.set("SubmitTx", () => {
      throw error;
    });
    const { code, retry } = await rejectionOf(submit());
    expect([code, retry]).toEqual(["outcome_unknown", "reconcile"]);
    expect(arkd.callsOf("SubmitTx")).toHaveLength(1);
  });

  test("that gets no answer before its deadline has an unknown outcome", async () => {
    connect({ timeoutMs: 100 });
    await daemon.getInfo();
    arkd.answers.set("FinalizeTx", () => HOLD);
    const error = await rejectionOf(daemon.finalizeTx({ arkTxid: "txid", finalCheckpointTxs: [] }));
    expect(error.code).toBe("outcome_unknown");
    expect(arkd.callsOf("FinalizeTx")).toHaveLength(1);
  });

  test("is daemon_unavailable, and certainly not sent, when there is no connection", async () => {
    connect({ timeoutMs: 100 });
    await daemon.getInfo();
    arkd.stop();
    await until(() => daemon.link.clients.ark.getChannel().getConnectivityState(false) !== connectivityState.READY);
    expect((await rejectionOf(submit())).code).toBe("daemon_unavailable");
  });

  test("is made again after a DIGEST_MISMATCH that changes nothing for a transfer, with the new digest", async () => {
    await daemon.getInfo();
    arkd.info.digest = "digest 2";
    arkd.answers.set("SubmitTx", ({ metadata }) => {
      if (metadata.get("x-digest")[0] === "digest 2") return accepted;
      throw failure(status.FAILED_PRECONDITION, "DIGEST_MISMATCH (49): settings changed");
    });
    await expect(submit()).resolves.toEqual(accepted);
    expect(arkd.callsOf("SubmitTx")).toHaveLength(2);
    expect((await daemon.getInfo()).digest).toBe("digest 2");
  });

  test("uses no answer of a GetInfo that was under way when arkd's settings changed", async () => {
    await daemon.getInfo();
    const old = { ...arkd.info };
    let release = (_reply: unknown): void => undefined;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    arkd.answers.set("GetInfo", () => (arkd.callsOf("GetInfo").length === 2 ? held : arkd.info));
    const earlier = daemon.getInfo({ maxAgeMs: 0 });
    await until(() => arkd.callsOf("GetInfo").length === 2);
    arkd.info.digest = "digest 2";
    arkd.answers.set("SubmitTx", ({ metadata }) => {
      if (metadata.get("x-digest")[0] === "digest 2") return accepted;
      release(old);
      throw refusal(49, "DIGEST_MISMATCH", status.FAILED_PRECONDITION);
    });
    await expect(submit()).resolves.toEqual(accepted);
    expect((await earlier).digest).toBe("digest 1");
  });

  test.each([
    ["checkpoint script", { checkpointTapscript: "00" }],
    ["exit delay", { unilateralExitDelay: 512n }],
    ["dust", { dust: 1_000n }],
  ])("is not made again when the %s changed, but the new parameters are known", async (_what, change) => {
    await daemon.getInfo();
    Object.assign(arkd.info, change, { digest: "digest 2" });
    arkd.answers.set("SubmitTx", () => {
      throw refusal(49, "DIGEST_MISMATCH", status.FAILED_PRECONDITION);
    });
    const error = await rejectionOf(submit());
    expect([error.code, error.details?.["daemon_name"]]).toEqual(["daemon_rejected", "DIGEST_MISMATCH"]);
    expect(arkd.callsOf("SubmitTx")).toHaveLength(1);
    expect((await daemon.getInfo()).digest).toBe("digest 2");
  });

  test("gives up when the digest is refused twice", async () => {
    arkd.answers.set("SubmitTx", () => {
      throw refusal(49, "DIGEST_MISMATCH", status.FAILED_PRECONDITION);
    });
    expect((await rejectionOf(submit())).code).toBe("daemon_rejected");
    expect(arkd.callsOf("SubmitTx")).toHaveLength(2);
  });
});

describe("the breaker", () => {
  const quick = { breakerThreshold: 3, breakerTimeoutMs: 60_000, retryAttemptsMax: 0 };
  const read = () => daemon.listVtxosByOutpoints(["a:0"]);

  function failWith(error: Error): void {
    arkd.answers.set("GetVtxos", () => {
      throw error;
    });
  }

  test("opens after the threshold, and nothing is sent any more", async () => {
    connect(quick);
    failWith(failure(status.UNAVAILABLE));
    for (let i = 0; i < 3; i++) await rejectionOf(read());
    expect([daemon.link.breaker, states]).toEqual(["open", ["arkd open"]]);
    const error = await rejectionOf(read());
    expect([error.code, error.retryAfterSeconds]).toEqual(["daemon_unavailable", 60]);
    expect((await rejectionOf(submit())).code).toBe("daemon_unavailable");
    expect(arkd.callsOf("GetVtxos")).toHaveLength(3);
    expect(arkd.callsOf("SubmitTx")).toEqual([]);
  });

  test("lets one probe through after the pause, turns others away meanwhile, and closes when it succeeds", async () => {
    connect({ ...quick, breakerTimeoutMs: 0 });
    failWith(failure(status.UNAVAILABLE));
    for (let i = 0; i < 3; i++) await rejectionOf(read());
    let release = (_reply: unknown): void => undefined;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    arkd.answers.set("GetVtxos", () => held);
    const probe = read();
    await until(() => arkd.callsOf("GetVtxos").length === 4);
    expect((await rejectionOf(read())).code).toBe("daemon_unavailable");
    expect(arkd.callsOf("GetVtxos")).toHaveLength(4);
    release({ vtxos: [], page: undefined });
    await expect(probe).resolves.toEqual([]);
    expect(states).toEqual(["arkd open", "arkd half_open", "arkd closed"]);
  });

  test("opens again when the probe fails", async () => {
    connect({ ...quick, breakerTimeoutMs: 0 });
    failWith(failure(status.UNAVAILABLE));
    for (let i = 0; i < 4; i++) await rejectionOf(read());
    expect(states).toEqual(["arkd open", "arkd half_open", "arkd open"]);
  });

  test("does not open for refusals, which also end a row of failures", async () => {
    connect(quick);
    const failing = failure(status.UNAVAILABLE);
    for (const error of [failing, failing, refusal(30, "VTXO_NOT_FOUND"), failing, failing]) {
      failWith(error);
      await rejectionOf(read());
    }
    expect(daemon.link.breaker).toBe("closed");
  });

  test("lets the next call through after a reconnect", async () => {
    connect(quick);
    failWith(failure(status.UNAVAILABLE));
    for (let i = 0; i < 3; i++) await rejectionOf(read());
    arkd.answers.set("GetVtxos", () => ({ vtxos: [], page: undefined }));
    daemon.link.reconnect();
    await expect(read()).resolves.toEqual([]);
    expect(states).toEqual(["arkd open", "arkd half_open", "arkd closed"]);
  });
});

test("the connection comes back by itself after arkd was away", async () => {
  await daemon.getInfo();
  arkd.stop();
  await rejectionOf(connect({ retryAttemptsMax: 0 }).getInfo());
  await arkd.listen();
  await until(() => daemon.link.clients.ark.getChannel().getConnectivityState(true) === connectivityState.READY);
  await expect(daemon.getInfo()).resolves.toMatchObject({ version: "0.9.9" });
});
