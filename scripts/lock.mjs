// Completes package-lock.json: a registry that mirrors only some platforms makes `npm install` leave the packages of the
// others out, and then `npm ci` refuses the lock file everywhere. Their parents pin exact versions, so the entries can
// be written without asking. `--check` writes nothing and exits 1 when one is missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const { packages } = lock;
const missing = [];

for (const [path, parent] of Object.entries({ ...packages })) {
  if (path === '') continue;
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (packages[key] || packages[`${path}/${key}`]) continue;
    const platform = platformOf(name);
    // What is no platform's package is left out by npm for a reason of its own.
    if (!platform || !/^\d/.test(version)) continue;
    const dev = parent.dev ? { dev: true } : {};
    packages[key] = { version, ...platform, ...dev, optional: true };
    missing.push(`${name}@${version}`);
  }
}

if (process.argv.includes('--check')) {
  for (const each of missing)
    console.error(`package-lock.json lacks ${each}: node scripts/lock.mjs`);
  process.exitCode = missing.length > 0 ? 1 : 0;
} else if (missing.length > 0) {
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${missing.length} packages of other platforms`);
}

/** os, cpu and libc as the name of a platform's package says them. */
function platformOf(name) {
  const last = name.replace(/^.*\//, '');
  const os = /darwin|linux|win32|android|freebsd|openharmony/.exec(last)?.[0];
  const cpu = /arm64|x64|ia32|riscv64|s390x|ppc64|arm/.exec(last)?.[0];
  if (!os || !cpu) return undefined;
  const libc = /musl/.test(last) ? 'musl' : /linux.*gnu/.test(last) ? 'glibc' : undefined;
  return { cpu: [cpu], ...(libc ? { libc: [libc] } : {}), os: [os] };
}
