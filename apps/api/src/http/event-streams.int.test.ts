import type { TestKey } from "@arkrelay/core/testing/ark-transfer";

import { nip98Header } from "../testing/nip98-header";
import { freshKey, PUBLIC_URL, startTestApi, type TestApi } from "../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});

afterAll(() => api.close());

async function aJob(): Promise<{ readonly as: TestKey; readonly path: string; readonly jobId: string }> {
  const as = freshKey();
  const { body } = await api.call("POST", "/enqueue-user-process", { as });
  const jobId = String(body["job_id"]);
  return { as, jobId, path: `/jobs/${jobId}/events` };
}

function open(as: TestKey, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const authorization = nip98Header(as, { method: "GET", url: PUBLIC_URL + path });
  return fetch(api.url + path, { headers: { authorization, ...headers } });
}

async function progress(jobId: string, seq: number): Promise<void> {
  await api.database.write("UPDATE job_logs SET event_seq = ? WHERE job_id = ?", [seq, jobId]);
  await api.database.write(
    "INSERT INTO job_events (job_id, seq, event, data, at) SELECT id, ?, 'progress', ?, NOW(3) FROM job_logs WHERE job_id = ?",
    [seq, JSON.stringify({ percent: seq * 10, message: `step ${String(seq)}` }), jobId],
  );
}

function finish(jobId: string) {
  return api.database.write("UPDATE job_logs SET status = 'completed' WHERE job_id = ?", [jobId]);
}

function eventsOf(text: string): string[] {
  return [...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1] ?? "");
}

describe("a job's stream", () => {
  it("starts with a snapshot, tells every step and closes after the end", async () => {
    const { as, path, jobId } = await aJob();
    const response = await open(as, path);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await progress(jobId, 1);
    await progress(jobId, 2);
    await finish(jobId);
    const text = await response.text();
    expect(eventsOf(text)).toEqual(expect.arrayContaining(["snapshot", "progress", "progress", "done"]));
    expect(eventsOf(text)[0]).toBe("snapshot");
    expect(eventsOf(text).at(-1)).toBe("done");
    expect(text).toContain('"status":"completed"');
  });

  it("resumes behind the last event that was seen", async () => {
    const { as, path, jobId } = await aJob();
    for (const seq of [1, 2, 3]) await progress(jobId, seq);
    await finish(jobId);
    const text = await (await open(as, path, { "last-event-id": "2" })).text();
    expect(text).toContain("step 3");
    expect(text).not.toContain("step 2");
  });

  it("tells a change of status that came between the snapshot and the first look", async () => {
    const { as, path, jobId } = await aJob();
    const response = await open(as, path);
    await api.database.write("UPDATE job_logs SET status = 'running' WHERE job_id = ?", [jobId]);
    const reader = response.body?.getReader();
    let text = "";
    while (!text.includes("event: status")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(text).toContain('data: {"status":"running","attempts":0}');
    await reader?.cancel();
  });

  it("answers HEAD with its headers and ends", async () => {
    const { as, path } = await aJob();
    const authorization = nip98Header(as, { method: "HEAD", url: PUBLIC_URL + path });
    const response = await fetch(api.url + path, { method: "HEAD", headers: { authorization } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
  });

  it("is nobody else's", async () => {
    const { path } = await aJob();
    expect((await open(freshKey(), path)).status).toBe(404);
  });

  it("is open five times at most for one caller", async () => {
    const { as, path, jobId } = await aJob();
    const streams = [];
    for (let i = 0; i < 5; i++) streams.push(await open(as, path));
    const sixth = await open(as, path);
    expect(sixth.status).toBe(429);
    await finish(jobId);
    await Promise.all(streams.map((stream) => stream.text()));
  });

  it("is ended with a time to come back when the process drains", async () => {
    const { as, path } = await aJob();
    const response = await open(as, path);
    api.deps.streams.drain();
    expect(await response.text()).toMatch(/retry: 1000\n\n$/);
  });
});
