// `parallax connections`: what both sides of each connection saw.
import type { Command } from 'commander';
import { addReportCommand } from '../report/command.ts';

export function addConnectionsCommand(program: Command): void {
  addReportCommand(program, {
    name: 'connections',
    summary: 'show connections as both their sides saw them',
    load: async () => (await import('../report/connections.ts')).CONNECTIONS,
  });
}
