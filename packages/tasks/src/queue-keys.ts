import type { QueueName } from "@arkrelay/core/jobs/catalog";

/** Tests use another namespace, so that they never meet the keys of a running gateway. */
export const DEFAULT_NAMESPACE = "arkrelay";

/** The braces are a Redis Cluster hash tag: all keys of one queue share a slot, different queues spread. */
export function queuePrefix(queue: QueueName, namespace: string = DEFAULT_NAMESPACE): string {
  return `{${namespace}:${queue}}`;
}
