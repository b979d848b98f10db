/**
 * Metrics of the Node.js process: CPU, memory, event loop, garbage collection. Owns which of prom-client's defaults are
 * kept; must never let one through that promtool refuses.
 */
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Gauges whose names end in `_total`, which only counters may (promtool check metrics, measured). */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Registers the metrics of this process. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
