// Prints collected flows as `hubble observe` does, one line per flow.
import type { Logger } from 'pino';
import type { Bus, BusRecord } from '../bus/bus.ts';
import { createPrinter } from '../hubble/print/printer.ts';
import { decodeFlowBatch } from '../hubble/proto/batch.ts';
import { decode } from '../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../hubble/proto/schema.gen.ts';
import type { Component } from '../runtime/component.ts';
import type { RoleDeps } from './role.ts';

/** Lines printed of one record; the number of the others is printed. */
const LINES_PER_RECORD = 200;

export function createFlowPrinter(deps: {
  readonly bus: Bus;
  readonly stdout: RoleDeps['stdout'];
  readonly logger: Logger;
}): Component {
  const { bus, stdout, logger } = deps;
  const lines: string[] = [];
  let full = false;
  const printer = createPrinter(
    {
      output: 'compact',
      nodeName: false,
      policyNames: false,
      ipTranslation: true,
      timeFormat: 'StampMilli',
      color: stdout.isTTY === true && !process.env.NO_COLOR,
      debug: false,
      legacyJson: false,
    },
    { out: (text) => lines.push(text), err: () => undefined },
  );

  function show({ value }: BusRecord): void {
    // A slow reader must not hold up the flows.
    if (full) return;
    const { bytes, starts, ends } = decodeFlowBatch(value);
    const shown = Math.min(starts.length, LINES_PER_RECORD);
    for (let i = 0; i < shown; i++) {
      printer.print(decode(GetFlowsResponse, bytes.subarray(starts[i], ends[i])));
    }
    const left = starts.length - shown;
    if (left > 0) lines.push(`… and ${left} more\n`);
    full = !stdout.write(lines.join(''));
    if (full) {
      stdout.once('drain', () => {
        full = false;
      });
    }
    lines.length = 0;
  }

  const tail = bus.tail((record) => {
    try {
      show(record);
    } catch (error) {
      // The writer handles records that cannot be decoded.
      logger.debug({ err: error }, 'record not shown');
    }
  });
  return Object.assign(tail, { name: 'printer' });
}
