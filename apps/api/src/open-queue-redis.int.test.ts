import { ConfigError } from "@arkrelay/runtime/config/config-error";

import { startTestApi } from "./testing/test-api";

describe("the queue Redis at start", () => {
  it("stops the start when it is up and has no append-only file where that is demanded", async () => {
    // The tests' own Redis has none; outside production nobody asks for it.
    await expect(startTestApi({ REDIS_REQUIRE_AOF: "true" })).rejects.toThrow(ConfigError);
  });

  it("is not needed to answer, but no traffic comes before it was met", async () => {
    const api = await startTestApi({ REDIS_URL: "redis://127.0.0.1:1/0" });
    expect(await api.call("GET", "/live")).toMatchObject({ status: 200 });
    expect(await api.call("GET", "/ready")).toMatchObject({
      status: 503,
      body: { ready: false, redis_connected: false },
    });
    await api.close();
  });
});
