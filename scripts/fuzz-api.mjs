// Runs schemathesis over the OpenAPI document of a built server with two simulated clusters behind it. The program comes
// from PyPI: `python3 -m venv VENV && VENV/bin/pip install schemathesis`; SCHEMATHESIS names it when it is not on the
// path. Arguments are handed on to it, behind those below.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
];
const program = process.env.SCHEMATHESIS ?? 'schemathesis';
const directory = mkdtempSync(join(tmpdir(), 'parallax-fuzz-'));
const server = spawn(process.execPath, ['bin/parallax.js', 'up', '--demo', '--quiet'], {
  env: {
    ...process.env,
    PARALLAX_DATA_DIR: join(directory, 'data'),
    PARALLAX_API_LISTEN: '127.0.0.1:0',
    PARALLAX_API_RATE_LIMIT_REQUESTS: '0',
    PARALLAX_LOG_FORMAT: 'json',
  },
  stdio: ['ignore', 'ignore', 'pipe'],
});
server.once('exit', () => rmSync(directory, { recursive: true, force: true }));

const url = await new Promise((resolve, reject) => {
  server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  createInterface({ input: server.stderr }).on('line', (line) => {
    const { msg, url } = JSON.parse(line);
    if (msg === 'api listens') resolve(url);
  });
});
const args = ['run', `${url}/openapi.json`, '--checks', CHECKS.join(',')];
// A stream of new flows has no end: it counts as answered once it is open.
args.push('--request-timeout', '5', '--suppress-health-check', 'all', '--continue-on-failure');
const fuzz = spawn(program, [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
fuzz.once('error', (error) => {
  console.error(
    `${program} cannot be run (${error.message}); see the head of scripts/fuzz-api.mjs`,
  );
  process.exitCode = 1;
  server.kill('SIGTERM');
});
fuzz.once('exit', (code) => {
  process.exitCode = code ?? 1;
  server.kill('SIGTERM');
});
