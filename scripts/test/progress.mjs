// Reporter of the tests: a line for each file as it ends, with how many are done, and each failure at once. Writes no
// colours unless a terminal reads them.
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const BLANK = /^\s*$/;

export default class Progress {
  #home = process.cwd();
  #files = 0;
  #done = 0;

  onTestRunStart(specifications) {
    this.#files = specifications.length;
  }

  onUserConsoleLog({ content }) {
    if (!BLANK.test(content))
      process.stdout.write(content.endsWith('\n') ? content : `${content}\n`);
  }

  onTestModuleEnd(module) {
    this.#done++;
    const tests = [...module.children.allTests()];
    const count = (state) => tests.filter((test) => test.result().state === state).length;
    const failed = count('failed');
    const skipped = count('skipped');
    const outcome = module.state() === 'failed' ? 'FAIL' : 'ok  ';
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const counts = [
      `${count('passed')} passed`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ];
    const file = relative(this.#home, module.moduleId);
    console.log(
      `${outcome} file ${this.#done} of ${this.#files}: ${file} (${counts.join(', ')}, ${seconds} s)`,
    );
    for (const test of tests)
      for (const error of test.result().errors ?? [])
        console.log(`  ${test.fullName}\n${textOf(error)}`);
    for (const error of module.errors()) console.log(textOf(error));
  }

  onTestRunEnd(_modules, errors) {
    for (const error of errors) console.log(`error outside of all tests:\n${textOf(error)}`);
  }
}

function textOf({ stack, message, diff }) {
  const text = [stack ?? message, diff].filter(Boolean).join('\n');
  return stripVTControlCharacters(text).replaceAll(/^/gm, '    ');
}
