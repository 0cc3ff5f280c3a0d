import { AppError } from "@arkrelay/core/errors";

import type { ApiDeps } from "../../api-deps";
import { orElse } from "./probes";

/** Throws `service_stopped` when an operator switched monitoring off. */
export async function requireMonitoring({ status }: Pick<ApiDeps, "status">): Promise<void> {
  const services = await orElse(status.listServices, []);
  if (services.some(({ name, desiredState }) => name === "monitoring" && desiredState === "stopped")) {
    throw new AppError("service_stopped", { message: "Monitoring is switched off." });
  }
}
