import type { Command } from 'commander';
import { programVersion } from '../../runtime/version.ts';

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('Prints the version of Parallax and of the Node it runs on.')
    .action(() => {
      const { node } = process.versions;
      process.stdout.write(
        `parallax ${programVersion()} on Node ${node}, ${process.platform}/${process.arch}\n`,
      );
    });
}
