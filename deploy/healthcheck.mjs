// Asks the role in this container whether it is ready; exit code 1 when it is not. `simulate` listens nowhere for this:
// switch the check off for it.
const listen = process.env.PARALLAX_API_LISTEN ?? '127.0.0.1:4280';
const port = listen.slice(listen.lastIndexOf(':') + 1);

try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
    signal: AbortSignal.timeout(4000),
  });
  console.log(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(`no answer on port ${port}: ${error.message}`);
  process.exitCode = 1;
}
