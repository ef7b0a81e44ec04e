// The process that attacks: all attacks at once on the address it is given, until it is told to end. Prints the answers
// it was given as JSON.
import { setMaxListeners } from 'node:events';
import { ATTACKS } from './attacks.ts';

const [url = ''] = process.argv.slice(2);
const over = new AbortController();
setMaxListeners(0, over.signal);
process.once('SIGTERM', () => over.abort());

const answers: Record<string, Record<string, number>> = {};
await Promise.all(
  Object.entries(ATTACKS).map(([name, attack]) => {
    const counts: Record<string, number> = {};
    answers[name] = counts;
    const count = (answer: string) => {
      counts[answer] = (counts[answer] ?? 0) + 1;
    };
    return attack({ url, signal: over.signal, count });
  }),
);
console.log(JSON.stringify(answers));
process.exit(0);
