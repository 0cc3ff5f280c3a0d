import { judgeFeeVtxos, judgeInventory, type InventoryLevels } from "./judge-inventory";

const DEV: InventoryLevels = {
  profile: "dev",
  critical: 10,
  warning: 10,
  target: 20,
  batch: 100,
  maxUtilization: 0.3,
  maxSatPerVbyte: 10,
  feeVtxos: 20,
};
const PROD: InventoryLevels = {
  ...DEV,
  profile: "prod",
  critical: 1_000,
  warning: 3_000,
  target: 10_000,
  batch: 1_000,
  feeVtxos: 200,
};

describe("the profile dev", () => {
  const judge = (available: number, assigned = 0) => judgeInventory({ available, assigned }, DEV, 100);

  it.each([
    [0, 0, "critical", 20],
    [9, 0, "critical", 11 + 2],
    [10, 0, "ok", 0],
    [20, 0, "ok", 0],
    // More than three in ten are users'.
    [14, 6, "ok", 0],
    [14, 7, "ok", 6 + 5],
    [200, 400, "ok", 100],
  ])("has %i free of the gateway's and %i of users: %s, and makes %i", (available, assigned, level, wanted) => {
    expect(judge(available, assigned)).toMatchObject({ level, wanted, total: available + assigned });
  });

  it("says how much of it users have", () => {
    expect(judge(15, 5).utilization).toBe(0.25);
    expect(judge(0, 0).utilization).toBe(0);
  });
});

describe("the profile prod", () => {
  const judge = (available: number, satPerVbyte = 1) =>
    judgeInventory({ available, assigned: 50_000 }, PROD, satPerVbyte);

  it.each([
    [999, 500, "critical", 1_000],
    [1_000, 9, "warning", 1_000],
    [1_000, 10, "warning", 0],
    [2_999, 9, "warning", 1_000],
    [3_000, 1, "ok", 0],
  ])("at %i free and %i sat/vB is %s and makes %i", (available, satPerVbyte, level, wanted) => {
    expect(judge(available, satPerVbyte)).toMatchObject({ level, wanted });
  });

  it("makes no more than the target lacks", () => {
    const levels = { ...PROD, target: 3_050 };
    expect(judgeInventory({ available: 2_999, assigned: 0 }, levels, 1).wanted).toBe(51);
  });
});

describe("co-inputs", () => {
  it.each([
    [0, "critical", 100],
    [9, "critical", 100],
    [10, "warning", 100],
    [19, "warning", 100],
    [20, "ok", 0],
  ])("of which %i are free are %s, and %i are made", (free, level, wanted) => {
    expect(judgeFeeVtxos(free, DEV)).toMatchObject({ level, wanted });
  });

  it("are filled to twice what is kept free where an order is smaller", () => {
    expect(judgeFeeVtxos(50, { ...PROD, batch: 10 }).wanted).toBe(350);
    expect(judgeFeeVtxos(0, { ...PROD, feeVtxos: 5_000 }).wanted).toBe(1_000);
  });
});
