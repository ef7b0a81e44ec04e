#!/usr/bin/env node
// The entry of the command. CommonJS, because the size of libuv's pool must be set before anything uses it, and loading
// an ES module does: the embedded engine holds a thread of the pool for each statement at work.
process.env.UV_THREADPOOL_SIZE ??= '8';
void import('../dist/cli/main.js');
