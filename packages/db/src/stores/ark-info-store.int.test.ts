import type { ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleArkInfoStore } from "./ark-info-store";

const info: ArkServerInfo = {
  version: "v0.9.9",
  signerPubkey: "a".repeat(64),
  forfeitPubkey: "b".repeat(64),
  checkpointTapscript: "03",
  network: "regtest",
  unilateralExitDelay: 512,
  dustSats: 330n,
  vtxoMinSats: 330n,
  vtxoMaxSats: undefined,
  maxTxWeight: 40_000,
  maxOpReturnOutputs: 3,
  digest: "d1",
  deprecatedSigners: [{ pubkey: "c".repeat(64), cutoffAt: new Date("2026-01-01T00:00:00.000Z") }],
};

describe("arkd's parameters in the database", () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  it("come back as they were seen, the newest ones", async () => {
    const store = new DrizzleArkInfoStore(test.database);
    expect(await store.find()).toBeUndefined();
    await store.save(info);
    expect(await store.find()).toEqual(info);
    await store.save({ ...info, digest: "d2", vtxoMaxSats: 2n ** 60n });
    expect(await store.find()).toMatchObject({ digest: "d2", vtxoMaxSats: 2n ** 60n });
  });
});
