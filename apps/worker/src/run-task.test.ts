import { runTask, type RunTaskDeps } from "./run-task";

it("lets a wake rest that is early by the database's clock and late by ours", async () => {
  const early = { kind: "early", runAt: new Date(Date.now() - 5_000) } as const;
  const deps = { batches: { take: async () => early } } as unknown as RunTaskDeps;
  const answer = await runTask(deps, { task: "ceremony_drive", rowKey: "s1" } as Parameters<typeof runTask>[1]);
  expect(answer).toEqual({ kind: "put_back", delayMs: 250 });
});
