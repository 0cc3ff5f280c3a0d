import { randomBytes } from "node:crypto";

import { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";

import { anArkd } from "../arkd/testing/an-arkd";
import { endpointOf, liveEndpoint } from "../testing/live-daemon";
import { refusalOf } from "../testing/refusal-of";

const live = liveEndpoint("ARKD");

/**
 * What the gateway relies on in an arkd that has never heard of it, over its own client: against the simulator and, with CONTRACT_ARKD
 * set, against a real one. Nothing here costs coins; transfers are proven where the simulator hands out VTXOs.
 */
describe(`arkd ${live === undefined ? "(simulated)" : "(live)"}`, () => {
  const txid = randomBytes(32).toString("hex");
  const script = `5120${randomBytes(32).toString("hex")}`;
  let arkd: GrpcArkDaemon;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const simulated = live === undefined ? await anArkd() : undefined;
    const port = simulated?.daemon.port ?? 0;
    const endpoint = live ?? {
      ...endpointOf({ port, tlsCertFile: undefined, macaroonFile: undefined }),
      host: "127.0.0.1",
    };
    const config = { ...endpoint, signerPubkey: undefined, forfeitPubkey: undefined };
    arkd = new GrpcArkDaemon(config, { observer: SILENT_OBSERVER, requestId: () => undefined });
    close = async () => {
      arkd.close();
      await simulated?.daemon.close();
    };
  });
  afterAll(async () => {
    await close();
  });

  test("tells its keys, its limits, and a digest that holds while nothing changes", async () => {
    const info = await arkd.getInfo();
    expect(info.version).not.toBe("");
    expect(info.signerPubkey).toMatch(/^[0-9a-f]{64}$/);
    expect(info.forfeitPubkey).toMatch(/^[0-9a-f]{64}$/);
    expect(info.checkpointTapscript).toMatch(/^([0-9a-f]{2})+$/);
    expect(info.dustSats).toBeGreaterThan(0n);
    expect(info.unilateralExitDelay).toBeGreaterThan(0);
    expect((await arkd.getInfo({ maxAgeMs: 0 })).digest).toBe(info.digest);
  });

  test("knows no VTXO of a script or an outpoint that was never used", async () => {
    await expect(arkd.listVtxosByScripts([script])).resolves.toEqual([]);
    await expect(arkd.listVtxosByScripts([script], { spendableOnly: true })).resolves.toEqual([]);
    await expect(arkd.listVtxosByScripts([script], { pendingOnly: true, afterMs: Date.now() })).resolves.toEqual([]);
    await expect(arkd.listVtxosByOutpoints([`${txid}:0`])).resolves.toEqual([]);
  });

  test("refuses a transfer that is no transaction, by name", async () => {
    const submitted = arkd.submitTx({ signedArkTx: "bm90IGEgUFNCVA==", checkpointTxs: ["bm90IGEgUFNCVA=="] });
    const refusal = await refusalOf(submitted);
    expect(refusal.code).toBe("daemon_rejected");
    expect(refusal.name).toMatch(/^INVALID_/);
  });

  test("does not finalise what it never accepted", async () => {
    const finalised = arkd.finalizeTx({ arkTxid: txid, finalCheckpointTxs: [] });
    expect(await refusalOf(finalised)).toMatchObject({ code: "daemon_rejected", name: "TX_NOT_FOUND" });
  });

  test("shows pending transfers to nobody without a proof", async () => {
    const proof = { proof: "bm90IGEgUFNCVA==", message: "{}" };
    expect((await refusalOf(arkd.getPendingTxs(proof))).code).toBe("daemon_rejected");
  });
});
