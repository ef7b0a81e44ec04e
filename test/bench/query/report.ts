// The figures of a run as a table or as JSON.
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import type { Kind } from '../../support/load/kinds.ts';
import type { Cost } from './meter.ts';

export interface Row {
  readonly kind: Kind;
  readonly cold: Cost;
  readonly warm: readonly Cost[];
  /** Bytes. */
  readonly peak: number;
}

export interface Run {
  readonly flows: number;
  readonly directory: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rows: readonly Row[];
  readonly json: boolean;
}

/** Milliseconds that the 95th of 100 answers may take. */
const TARGETS = { common: 100, rare: 250, lookup: 100, list: Number.POSITIVE_INFINITY } as const;

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export async function report(store: ManagedStore, run: Run): Promise<string> {
  const stored = await storedAs(store);
  const rows = run.rows.map(({ kind, cold, warm, peak }) => {
    const millis = warm.map((each) => each.millis);
    const p95 = percentile(millis, 0.95);
    return {
      name: kind.name,
      class: kind.class,
      answers: cold.answers,
      coldMs: cold.millis,
      p50Ms: percentile(millis, 0.5),
      p95Ms: p95,
      cpuMs: percentile(
        warm.map((each) => each.cpuMillis),
        0.5,
      ),
      withinTarget: p95 <= TARGETS[kind.class],
      statements: cold.statements,
      rowsRead: cold.rowsRead,
      bytesRead: cold.bytesRead,
      peakBytes: peak,
    };
  });
  if (run.json)
    return JSON.stringify({ machine: run.machine, flows: run.flows, stored, rows }, null, 2);
  const head =
    '| question | answers | cold ms | p50 ms | p95 ms | CPU ms | statements | rows read | MB read | peak MB |';
  const lines = rows.map(
    (row) =>
      `| ${row.name} | ${row.answers} | ${row.coldMs.toFixed(0)} | ${row.p50Ms.toFixed(0)} | ` +
      `${row.withinTarget ? row.p95Ms.toFixed(0) : `**${row.p95Ms.toFixed(0)}**`} | ${row.cpuMs.toFixed(0)} | ${row.statements} | ` +
      `${row.rowsRead} | ${(row.bytesRead / 1e6).toFixed(1)} | ${(row.peakBytes / 1e6).toFixed(0)} |`,
  );
  return [
    JSON.stringify(run.machine),
    `${run.flows} flows in ${stored.parts} parts, ${stored.bytesPerFlow.toFixed(1)} bytes a flow (indexes ${stored.indexBytesPerFlow.toFixed(1)}), ${run.directory}`,
    '',
    head,
    head.replaceAll(/[^|]+/g, ' --- '),
    ...lines,
  ].join('\n');
}

async function storedAs(store: ManagedStore) {
  const sql = `SELECT count(), sum(bytes_on_disk) / sum(rows), sum(secondary_indices_compressed_bytes) / sum(rows)
    FROM system.parts WHERE active AND database = currentDatabase() AND table = 'flows'`;
  for await (const [parts, bytes, indexes] of store.query(sql, {}))
    return {
      parts: Number(parts),
      bytesPerFlow: Number(bytes),
      indexBytesPerFlow: Number(indexes),
    };
  throw new Error('the store does not tell of its parts');
}
