import { waitForCeremony } from "./ceremony.js";
import { CeremonyTimeoutError, NotFoundError, UnavailableError } from "./errors.js";
import type { CeremonyStatus } from "./response-schemas.js";

const problem = { status: 0, code: "network_error", detail: "down", retryable: true };

/** A client that answers the looks one after the other, the last one for ever. */
function aClient(...looks: (string | Error)[]) {
  const rest = [...looks];
  return {
    getCeremonyStatus: async (): Promise<CeremonyStatus> => {
      const look = rest.length > 1 ? rest.shift() : rest[0];
      if (look instanceof Error) throw look;
      return { session_id: "s", session_status: look ?? "" };
    },
    async *streamSession() {
      yield { id: "1", event: "status", data: {} };
    },
  };
}

it("ends with the first terminal status", async () => {
  const fast = { intervalMs: 1 };
  expect(await waitForCeremony(aClient("initiated", "signing", "completed"), "s", fast)).toMatchObject({ ok: true });
  expect(await waitForCeremony(aClient("signing", "expired"), "s", fast)).toMatchObject({ ok: false });
});

it("takes a final transaction for the end, unless what it was for has still to be done", async () => {
  const finalized: CeremonyStatus = { session_id: "s", session_status: "signing", state: "finalized" };
  const looks = [finalized, { ...finalized, session_status: "failed" }];
  const client = { ...aClient(""), getCeremonyStatus: async () => looks.shift() ?? finalized };
  expect(await waitForCeremony({ ...client, getCeremonyStatus: async () => finalized }, "s")).toMatchObject({
    ok: true,
  });
  expect(await waitForCeremony(client, "s", { intervalMs: 1, until: "session" })).toMatchObject({ ok: false });
});

it("waits on while the gateway cannot be reached", async () => {
  const client = aClient(new UnavailableError(problem), new UnavailableError(problem), "completed");
  expect(await waitForCeremony(client, "s", { intervalMs: 1 })).toMatchObject({ ok: true });
});

it("calls a timeout a timeout, with the last status seen", async () => {
  const outcome = await waitForCeremony(aClient("signing"), "s", { intervalMs: 5, timeoutMs: 30 });
  expect(outcome).toMatchObject({ ok: false, timeout: true, status: { session_status: "signing" } });
});

it("throws a refusal, and its caller's abort", async () => {
  const missing = new NotFoundError({ ...problem, status: 404, code: "not_found", retryable: false });
  await expect(waitForCeremony(aClient(missing), "s")).rejects.toThrow(NotFoundError);
  const signal = AbortSignal.abort();
  await expect(waitForCeremony(aClient("signing"), "s", { signal })).rejects.toThrow(CeremonyTimeoutError);
});
