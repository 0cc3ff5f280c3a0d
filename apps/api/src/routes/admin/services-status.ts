import { ServicesStatusReply } from "@arkrelay/core/http/admin";

import { readRoute } from "../../http/route";
import { readQueueStatus } from "../status/queue-status";

export const servicesStatusRoute = readRoute({
  path: "/admin/services/status",
  summary: "Every service: alive, wanted, leading",
  auth: ["admin"],
  replies: { 200: ServicesStatusReply },
}).handle(async ({ deps }) => {
  const [queue, services] = await Promise.all([readQueueStatus(deps), deps.status.listServices()]);
  return {
    status: 200,
    body: {
      queue_status: {
        queued_jobs: queue.queued_jobs,
        scheduled_jobs: queue.scheduled_jobs,
        failed_jobs: queue.queues.reduce((total, { failed }) => total + failed, 0),
        worker_count: queue.worker_count,
      },
      services: services.map((service) => ({
        service_name: service.name,
        last_heartbeat: service.lastHeartbeatAt?.toISOString() ?? null,
        alive: service.alive,
        message: service.message,
        desired_state: service.desiredState ?? null,
        leader: service.leader,
      })),
    },
  };
});
