// Makes the one Prometheus registry of a process, with what every process shows: build, role, CPU, memory, event loop.
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface RegistryOptions {
  /** collect, write, serve or up; a label on every sample. */
  readonly role: string;
  readonly version: string;
  /** False leaves out what is measured of the process itself; tests need none of it. */
  readonly processMetrics?: boolean;
}

export function createRegistry(options: RegistryOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role: options.role });
  new Gauge({
    name: 'parallax_build_info',
    help: 'Always 1; the labels say which build of Parallax runs on which Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: options.version, node: process.versions.node }, 1);
  // Brings nodejs_eventloop_lag_seconds and its percentiles, process_cpu_seconds_total, process_resident_memory_bytes.
  if (options.processMetrics !== false) collectDefaultMetrics({ register: registry });
  return registry;
}
