import { Batcher } from "./batcher";

describe("grouping calls", () => {
  it("gives each caller its own result, whatever group it was in", async () => {
    const groups: number[] = [];
    const doubles = new Batcher<number, number>(async (items) => {
      groups.push(items.length);
      await new Promise((resolve) => setImmediate(resolve));
      return items.map((item) => item * 2);
    });
    const results = await Promise.all(Array.from({ length: 50 }, (_item, index) => doubles.add(index)));
    expect(results).toEqual(Array.from({ length: 50 }, (_item, index) => index * 2));
    expect(groups.length).toBeLessThan(5);
  });

  it("fails the callers of the group that failed and nobody else", async () => {
    const batcher = new Batcher<string, string>((items) =>
      items.includes("bad") ? Promise.reject(new Error("refused")) : Promise.resolve(items),
    );
    await expect(batcher.add("bad")).rejects.toThrow("refused");
    await expect(batcher.add("good")).resolves.toBe("good");
  });
});
