// Counters, gauges and histograms of one registry, without repeating it for each.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function instruments(registry: Registry, prefix: string) {
  const registers = [registry];
  return {
    counter: <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Counter({ name: prefix + name, help, labelNames, registers }),
    gauge: <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Gauge({ name: prefix + name, help, labelNames, registers }),
    histogram: <Label extends string>(
      name: string,
      help: string,
      buckets: number[],
      ...labelNames: Label[]
    ) => new Histogram({ name: prefix + name, help, buckets, labelNames, registers }),
  };
}
