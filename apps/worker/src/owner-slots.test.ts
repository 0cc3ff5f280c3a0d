import { OwnerSlots } from "./owner-slots";

describe("the slots of an owner", () => {
  it("are at most half of a queue's, rounded up", async () => {
    const slots = new OwnerSlots(5, 1);
    const got = await Promise.all(Array.from({ length: 5 }, () => slots.acquire("alice")));
    expect(got.filter((release) => release !== undefined)).toHaveLength(3);
    expect(await slots.acquire("bob")).toBeDefined();
  });

  it("leave one owner one slot where there is only one", async () => {
    const slots = new OwnerSlots(1, 1);
    expect(await slots.acquire("alice")).toBeDefined();
    expect(await slots.acquire("alice")).toBeUndefined();
  });

  it("pass straight on to the owner's next wake when a job ends", async () => {
    const slots = new OwnerSlots(2, 60_000);
    const release = await slots.acquire("alice");
    const second = slots.acquire("alice");
    release?.();
    expect(await second).toBeDefined();
  });

  it("come free again when nobody waits, however often they were given back", async () => {
    const slots = new OwnerSlots(2, 1);
    const release = await slots.acquire("alice");
    release?.();
    release?.();
    const again = await slots.acquire("alice");
    expect(again).toBeDefined();
    expect(await slots.acquire("alice")).toBeUndefined();
  });
});
