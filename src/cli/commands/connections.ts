import type { Command } from 'commander';
import { addReportCommand } from '../report/command.ts';

export function addConnectionsCommand(program: Command): void {
  addReportCommand(program, {
    name: 'connections',
    load: async () => (await import('../report/connections.ts')).CONNECTIONS,
  });
}
