// The role `alert`, and its components in `up`: incident events are written to the log and delivered from there to
// receivers.
import { createEvaluator } from '../alert/incidents/evaluator.ts';
import { alertMetrics } from '../alert/metrics.ts';
import { createNotifications } from '../alert/notify/notifications.ts';
import { createWebhook } from '../alert/notify/webhook.ts';
import type { Component } from '../runtime/component.ts';
import { createRunner } from '../runtime/run.ts';
import { createStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import { buildOpsServer } from './ops.ts';
import type { RoleDeps } from './role.ts';
import { migration } from './write.ts';

/** In the order of start: receivers get events that are logged after their start. */
export function buildAlerts(config: ParallaxConfig, deps: RoleDeps, store: Store): Component[] {
  const { logger, clock, registry } = deps;
  const metrics = alertMetrics(registry);
  // Add further kinds of notifiers here, each with its own list in the configuration.
  const notifiers = config.alert.webhooks.map((webhook) => createWebhook(webhook, deps));
  const notifications = createNotifications({ notifiers, store, clock, logger, metrics });
  const evaluator = createEvaluator({
    config: { ...config.alert, quiet: config.api.denials.quiet },
    store,
    clock,
    logger,
    metrics,
    appended: () => notifications.poke(),
  });
  return [notifications, evaluator];
}

/** Resolves with the exit code. */
export async function runAlert(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(createStore({ ...deps, config: config.store }));
  runner.add(migration(store));
  runner.add(buildOpsServer(config, deps, runner));
  for (const part of buildAlerts(config, deps, store)) runner.add(part);
  return runner.run();
}
