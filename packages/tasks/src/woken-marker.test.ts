import type { Wake } from "@arkrelay/core/ports/waker";

import { WokenMarker } from "./woken-marker";

const aWake = (rowKey: string): Wake => ({ task: "sample_task", rowKey, wakeSeq: 1, runAt: new Date(0) });

describe("marking confirmed wakes", () => {
  it("gathers many wakes into few writes and loses none at the end of the process", async () => {
    const batches: string[][] = [];
    const marker = new WokenMarker({
      marks: { markWoken: async (wakes) => void batches.push(wakes.map((wake) => wake.rowKey)) },
      onError: () => undefined,
      batchSize: 2,
    });
    marker.add([aWake("a")]);
    marker.add([aWake("b"), aWake("c")]);
    await marker.flush();
    expect(batches).toEqual([["a", "b"], ["c"]]);
  });

  it("drops what the database refuses: an unmarked row is only woken once more", async () => {
    const errors: unknown[] = [];
    const marker = new WokenMarker({
      marks: { markWoken: () => Promise.reject(new Error("away")) },
      onError: (error) => errors.push(error),
    });
    marker.add([aWake("a")]);
    await marker.flush();
    await marker.flush();
    expect(errors).toHaveLength(1);
  });
});
