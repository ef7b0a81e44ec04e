// Runs schemathesis over the OpenAPI document of a built server with two simulated clusters behind it, in three phases:
// examples, coverage and fuzzing, over every operation. The program comes from PyPI: `python3 -m venv VENV && VENV/bin/pip
// install schemathesis`; SCHEMATHESIS names it when it is not on the path. `--whole` takes the document as it is and
// more examples, which takes hours; all else is handed on to the program. FUZZ_REPORTS names a directory where what was asked
// and answered is kept.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Without those about credentials and owners, of which this server has none. */
const LEFT_OUT = ['ignored_auth', 'object_level_authorization', 'positive_data_acceptance'];
/** Statuses by which what is wrong may be refused, beside those that schemathesis knows. */
const REFUSALS = [400, 404, 405, 406, 413, 414, 415, 422, 429, 431];
/** Parameters of so many operations are read by the same code: each is asked of one of them. */
const COMMON = 8;
const EXAMPLES = 20;

const program = process.env.SCHEMATHESIS ?? 'schemathesis';
const whole = process.argv.includes('--whole');
const further = process.argv.slice(2).filter((each) => each !== '--whole');
const directory = mkdtempSync(join(tmpdir(), 'parallax-fuzz-'));
const environment = {
  ...process.env,
  PARALLAX_DATA_DIR: join(directory, 'data'),
  PARALLAX_API_LISTEN: '127.0.0.1:0',
  PARALLAX_API_GRPC_LISTEN: '127.0.0.1:0',
  PARALLAX_API_RATE_LIMIT_REQUESTS: '0',
  // Streams of what is new end too.
  PARALLAX_API_MAX_FOLLOW: '20ms',
  PARALLAX_LOG_FORMAT: 'json',
};
// Some flows and an incident, and then nobody who takes the time of the processor.
const filling = await serve('--demo');
await until(async () => (await ask(filling.url, '/api/v1/incidents/events')).events.length > 0);
await filling.stop();
const { url, stop } = await serve('--no-demo');
try {
  const document = await ask(url, '/openapi.json');
  const runs = [
    ['examples', document],
    ['coverage', whole ? document : thinned(structuredClone(document))],
    ['fuzzing', document],
  ];
  const counts = [];
  for (const [phase, of] of runs) {
    process.exitCode = (await fuzz(phase, of)) || process.exitCode;
    counts.push([phase, await counted(phase)]);
  }
  for (const [phase, { operations, cases, failed, skipped }] of counts) {
    console.log(
      `${phase}: ${operations} operations, ${cases} requests, ${failed} operations with failures, ${skipped} with nothing to ask`,
    );
    if (cases === 0) process.exitCode ||= 1;
  }
} finally {
  await stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Resolves once it listens. */
function serve(demo) {
  const command = ['bin/parallax.js', 'up', '--quiet', demo];
  const stdio = ['ignore', 'ignore', 'pipe'];
  const server = spawn(process.execPath, command, { env: environment, stdio });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    createInterface({ input: server.stderr }).on('line', (line) => {
      const { msg, url } = JSON.parse(line);
      if (msg === 'api listens') resolve({ url, stop: () => server.kill('SIGTERM') && ended });
    });
  });
}

async function ask(url, path) {
  return (await fetch(url + path)).json();
}

async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 500));
}

function reportOf(phase) {
  return join(process.env.FUZZ_REPORTS ?? directory, `${phase}.ndjson`);
}

/** Resolves with the exit code. */
function fuzz(phase, document) {
  const file = join(directory, `${phase}.json`);
  writeFileSync(file, JSON.stringify(document));
  const config = join(directory, 'schemathesis.toml');
  writeFileSync(
    config,
    `[checks.negative_data_rejection]\nexpected-statuses = ${JSON.stringify(REFUSALS)}\n`,
  );
  const args = ['--config-file', config, 'run', file, '--url', url, '--phases', phase];
  args.push('--checks', 'all', '--exclude-checks', LEFT_OUT.join(','));
  args.push('--max-examples', String(whole ? 10 * EXAMPLES : EXAMPLES), '--continue-on-failure');
  args.push(
    '--request-timeout',
    '60',
    '--max-response-time',
    '60',
    '--workers',
    '2',
    '--suppress-health-check',
    'all',
    '--no-shrink',
  );
  args.push(
    '--generation-database',
    'none',
    '--report',
    'ndjson',
    '--report-ndjson-path',
    reportOf(phase),
  );
  const hooks = fileURLToPath(new URL('fuzz-hooks.py', import.meta.url));
  const env = { ...process.env, SCHEMATHESIS_HOOKS: hooks, PYTHONDONTWRITEBYTECODE: '1' };
  return new Promise((resolve) => {
    const run = spawn(program, [...args, ...further], { stdio: 'inherit', env });
    run.once('error', (error) => {
      console.error(`${program} cannot be run (${error.message}); see the head of this script`);
      resolve(1);
    });
    run.once('exit', (code) => resolve(code ?? 1));
  });
}

/** What was asked in a phase. */
async function counted(phase) {
  const count = { operations: 0, cases: 0, failed: 0, skipped: 0 };
  if (!existsSync(reportOf(phase))) return count;
  for await (const line of createInterface({ input: createReadStream(reportOf(phase)) })) {
    if (!line.startsWith('{"ScenarioFinished"')) continue;
    const { status, recorder } = JSON.parse(line).ScenarioFinished;
    count.operations++;
    count.cases += Object.keys(recorder.cases ?? {}).length;
    if (status === 'failure' || status === 'error') count.failed++;
    if (status === 'skip') count.skipped++;
  }
  return count;
}

/** The same document, but that what many operations take is asked of one of them, in turn, and most negations are not. */
function thinned(document) {
  const operations = Object.values(document.paths).flatMap((each) => Object.values(each));
  const nameOf = ({ $ref, name }) =>
    name ?? document.components.parameters[$ref.split('/').at(-1)].name;
  const namesOf = ({ parameters = [], requestBody }) => [
    ...parameters.map(nameOf),
    ...Object.keys(requestBody?.content['application/json'].schema.properties ?? {}),
  ];
  const counts = new Map();
  for (const name of operations.flatMap(namesOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const common = [...counts.keys()].filter((name) => counts.get(name) >= COMMON);
  const plain = common.filter((name) => !name.startsWith('not.'));
  const negated = common.filter((name) => name.startsWith('not.')).filter((_, n) => n % 8 === 0);
  const turn = [...plain, ...negated];
  const takers = operations.filter(
    (each) => namesOf(each).filter((name) => turn.includes(name)).length > 40,
  );
  const share = Math.ceil(turn.length / takers.length);
  for (const operation of operations) {
    const from = takers.indexOf(operation) * share;
    const own = from < 0 ? new Set(turn) : new Set(turn.slice(from, from + share));
    const kept = (name) => own.has(name) || counts.get(name) < COMMON;
    if (operation.parameters !== undefined)
      operation.parameters = operation.parameters.filter((each) => kept(nameOf(each)));
    const schema = operation.requestBody?.content['application/json'].schema;
    if (schema?.properties !== undefined)
      schema.properties = Object.fromEntries(
        Object.entries(schema.properties).filter(([name]) => kept(name)),
      );
  }
  return document;
}
