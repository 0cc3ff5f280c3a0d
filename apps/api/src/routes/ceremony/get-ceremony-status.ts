import { CeremonyStatusReply } from "@arkrelay/core/http/ceremony";
import { SessionParams } from "@arkrelay/core/http/sessions";

import { readRoute } from "../../http/route";
import { getReadableSession } from "../sessions/session-view";
import { readCeremonyStatus } from "./ceremony-view";

export const getCeremonyStatusRoute = readRoute({
  path: "/signing/ceremony/:session_id/status",
  summary: "Where a ceremony stands",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: SessionParams,
  replies: { 200: CeremonyStatusReply },
}).handle(async ({ deps, caller, params }) => ({
  status: 200,
  body: await readCeremonyStatus(deps, await getReadableSession(deps, caller, params.session_id)),
}));
