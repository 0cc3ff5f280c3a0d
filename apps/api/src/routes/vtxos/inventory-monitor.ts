import { MonitorStatusReply, MonitorSwitchReply } from "@arkrelay/core/http/inventory";
import { SETTLEMENT_SERVICE } from "@arkrelay/core/service-report";

import { readRoute, writeRoute } from "../../http/route";

export const startInventoryMonitorRoute = switchRoute(
  "/vtxos/monitor/start",
  "running",
  "The inventory monitor and the settlement are to run",
);
export const stopInventoryMonitorRoute = switchRoute(
  "/vtxos/monitor/stop",
  "stopped",
  "The inventory monitor and the settlement are to stop",
);

/** The state is wished for in the database; whichever replica leads obeys within 5 s, the settlement at its next slot. */
function switchRoute(path: string, desired: "running" | "stopped", message: string) {
  return writeRoute({
    method: "POST",
    path,
    summary: `Set the desired state of the inventory monitor and the settlement to ${desired}`,
    auth: ["admin"],
    replies: { 200: MonitorSwitchReply },
  }).handle(async ({ deps, tx }) => {
    await deps.admin.services.setDesiredState(tx, "inventory", desired);
    await deps.admin.services.setDesiredState(tx, SETTLEMENT_SERVICE, desired);
    return { status: 200, body: { message, desired_state: desired } };
  });
}

export const inventoryMonitorStatusRoute = readRoute({
  path: "/vtxos/monitor/status",
  summary: "Whether the inventory is watched and settled, by whichever process",
  auth: ["public"],
  replies: { 200: MonitorStatusReply },
}).handle(async ({ deps }) => {
  const { inventory, settlement } = await deps.status.readInventoryMonitor();
  return {
    status: 200,
    body: {
      monitoring_status: {
        inventory_monitoring: inventory,
        settlement_service: settlement,
        overall_status: inventory && settlement ? "running" : "stopped",
      },
    },
  };
});
