// `npm run test:kill`: rounds of killing, see test/e2e/support/kill.ts.
import { register } from 'tsx/esm/api';

register();
await import('../test/e2e/support/kill.ts');
