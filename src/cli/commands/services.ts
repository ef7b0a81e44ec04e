import type { Command } from 'commander';
import { addReportCommand } from '../report/command.ts';

export function addServicesCommand(program: Command): void {
  addReportCommand(program, {
    name: 'services',
    load: async () => (await import('../report/services.ts')).SERVICES,
  });
}
